import { expect, test } from 'vitest'
import { checkEvent } from './check-event.ts'

const event = {
  project: 'p',
  name: 'run.deleted',
  schema: 1,
  by: 'prn_1',
  subject: 'trivium://p/run/1',
  refs: [],
  data: { name: 'first' } as Record<string, unknown>,
}

test('an event that says what its schema says passes', () => {
  expect(() => checkEvent(event)).not.toThrow()
  expect(() =>
    checkEvent({ ...event, name: 'run.created', data: { name: 'a', experiment: '1', fact: undefined } }),
  ).not.toThrow()
})

test('an unknown name or version, a field too few, too many or of another type, and a foreign subject are found', () => {
  expect(() => checkEvent({ ...event, name: 'run.vanished' })).toThrow('has no schema')
  expect(() => checkEvent({ ...event, schema: 2 })).toThrow('has no schema')
  expect(() => checkEvent({ ...event, data: {} })).toThrow('breaks its schema')
  expect(() => checkEvent({ ...event, data: { name: 'a', person: 'Ada' } })).toThrow('breaks its schema')
  expect(() => checkEvent({ ...event, data: { name: 1 } })).toThrow('breaks its schema')
  expect(() => checkEvent({ ...event, subject: 'trivium://p/model/m' })).toThrow('about a run')
})

test('fields of nested objects are looked at too', () => {
  const restored = {
    ...event,
    name: 'deployment.restored',
    subject: 'trivium://p/deployment/d',
    data: {
      deployment: 'd',
      release: 'r',
      alias: null,
      pipeline: null,
      datasets: [{ name: 'n', version: 1 }],
      reason: null,
    },
  }
  expect(() => checkEvent(restored)).not.toThrow()
  const more = { ...restored.data, datasets: [{ name: 'n', version: 1, owner: 'Ada' }] }
  expect(() => checkEvent({ ...restored, data: more })).toThrow('breaks its schema')
})
