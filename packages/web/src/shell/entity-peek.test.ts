import { expect, test } from 'vitest'
import { urnOf } from './entity-peek.tsx'

test('an entity of a page is known to the graph by its URN', () => {
  expect(urnOf({ kind: 'model-version', name: 'arrival-delay', version: 'v4' }, 'p')).toBe(
    'trivium://p/model/arrival-delay@4',
  )
  expect(urnOf({ kind: 'feature', name: 'origin_recent_delays', version: 2 }, 'p')).toBe(
    'trivium://p/feature-view/origin_recent_delays@2',
  )
  expect(urnOf({ kind: 'run', name: 'weekly', id: '4f1c' }, 'p')).toBe('trivium://p/run/4f1c')
  expect(urnOf({ kind: 'pipeline-run', name: 'train', id: 'prn_1' }, 'p')).toBe('trivium://p/pipeline-run/prn_1')
})
