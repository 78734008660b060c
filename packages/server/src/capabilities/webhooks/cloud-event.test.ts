import { expect, test } from 'vitest'
import { cloudEvent } from './cloud-event.ts'

const event = {
  id: 'evt_1',
  project: 'p',
  name: 'run.deleted',
  schema: 1,
  at: 0,
  eventTime: null,
  by: 'prn_1',
  subject: 'trivium://p/run/1',
  refs: [],
  data: { name: 'first' },
  seq: 1,
}

test('dataschema leads to the schema on this server where its address is known', () => {
  const schemaOf = (publicUrl: string) => JSON.parse(cloudEvent(event, { publicUrl })).dataschema
  expect(schemaOf('https://trivium.example/')).toBe('https://trivium.example/api/v1/events/schemas/run.deleted/1')
  expect(schemaOf('')).toBe('https://trivium.dev/events/run.deleted/1')
})
