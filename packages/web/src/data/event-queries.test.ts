import { expect, test } from 'vitest'
import { isChangedBy } from './event-queries.ts'

test('an event makes the answers of its noun old, and no others', () => {
  expect(isChangedBy('listDatasetVersions', 'dataset.version-added')).toBe(true)
  expect(isChangedBy('listModels', 'dataset.version-added')).toBe(false)
  expect(isChangedBy('searchRuns', 'run.finished')).toBe(true)
  expect(isChangedBy('listPipelineRuns', 'pipeline-run.started')).toBe(true)
  expect(isChangedBy('getWatermark', 'watermark.advanced')).toBe(true)
  expect(isChangedBy('getLineage', 'watermark.advanced')).toBe(false)
})

test('a decision is seen where it was waited for', () => {
  expect(isChangedBy('getPipelineRun', 'inbox.decided')).toBe(true)
  expect(isChangedBy('getModelVersion', 'inbox.decided')).toBe(true)
})

test('every event is in the list of events', () => {
  expect(isChangedBy('listEvents', 'something.new')).toBe(true)
})
