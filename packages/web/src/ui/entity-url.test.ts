import { expect, test } from 'vitest'
import { formatVersion } from './entity-kinds.ts'
import { entityUrl, parseUrn } from './entity-url.ts'

const at = (entity: Parameters<typeof entityUrl>[0]) => entityUrl(entity, 'flight-delays')

test('URLs are nouns and names', () => {
  expect(at({ kind: 'model', name: 'arrival-delay', version: 4 })).toBe(
    '/p/flight-delays/models/arrival-delay/versions/4',
  )
  expect(at({ kind: 'model-version', name: 'arrival-delay', version: 'v4' })).toBe(
    '/p/flight-delays/models/arrival-delay/versions/4',
  )
  expect(at({ kind: 'pipeline-run', name: 'train', version: 31 })).toBe('/p/flight-delays/pipelines/train/runs/31')
  expect(at({ kind: 'run', name: 'weekly-13w-31', id: '4f1c' })).toBe('/p/flight-delays/runs/4f1c')
  expect(at({ kind: 'dataset', name: 'a b' })).toBe('/p/flight-delays/datasets/a%20b')
  expect(at({ kind: 'deployment', name: 'x', project: 'other' })).toBe('/p/other/deployments/x')
})

test('a run of a pipeline, a window and a prediction are found by their ids', () => {
  expect(at({ kind: 'pipeline-run', name: 'train', id: 'prn_1' })).toBe('/p/flight-delays/pipelines/train/runs/prn_1')
  expect(at({ kind: 'pipeline-run', name: 'prn_1', id: 'prn_1' })).toBe('/p/flight-delays/pipeline-runs/prn_1')
  expect(at({ kind: 'window', name: 'arrival-delay:986169600000' })).toBe(
    '/p/flight-delays/monitors/arrival-delay?window=986169600000',
  )
  expect(at({ kind: 'prediction', name: 'arrival-delay-prod:prd_1' })).toBe(
    '/p/flight-delays/predictions/arrival-delay-prod:prd_1',
  )
})

test('what has no page opens in the lineage graph', () => {
  expect(at({ kind: 'commit', name: 'e07b55a' })).toBe('/p/flight-delays/lineage/e07b55a')
})

test('a URN names project, kind, id and version', () => {
  expect(parseUrn('trivium://flight-delays/model/arrival-delay@4')).toMatchObject({
    project: 'flight-delays',
    kind: 'model',
    id: 'arrival-delay',
    version: '4',
  })
  expect(parseUrn('trivium://p/prediction/prd_1')).toMatchObject({ id: 'prd_1', version: undefined })
  expect(parseUrn('https://x')).toBeUndefined()
})

test('versions are v4, runs of a pipeline are #31', () => {
  expect(formatVersion('model', 4)).toBe('v4')
  expect(formatVersion('pipeline-run', '31')).toBe('#31')
  expect(formatVersion('dataset', 'v5–v16')).toBe('v5–v16')
})
