import { expect, test } from 'vitest'
import { ownPython, startClientServer } from './client-server.ts'

test.each(['sqlite', 'postgres'] as const)(
  'the unmodified MLflow client traces, searches, judges and deletes against a server on %s',
  async (dialect) => {
    const server = await startClientServer(dialect)
    try {
      const facts = await server.facts(ownPython, 'traces.py')
      expect(await server.get(`traces/${facts['bad']}`)).toMatchObject({
        trace: { name: 'answer', state: 'ERROR', tags: { team: 'ops' } },
        spans: [
          {
            name: 'answer',
            status: 'ERROR',
            inputs: { question: 'storms', fail: true },
            events: [{ name: 'exception', attributes: { 'exception.message': 'nothing found' } }],
          },
          { name: 'look_up', outputs: ['about storms'] },
          { name: 'embed', type: 'EMBEDDING', attributes: { dimensions: 3 } },
        ],
      })
    } finally {
      await server.stop()
    }
  },
  300_000,
)
