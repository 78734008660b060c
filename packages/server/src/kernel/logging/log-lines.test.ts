import { expect, test } from 'vitest'
import { createTracer } from '../telemetry/tracer.ts'
import { createLogger } from './index.ts'

test('every line is one JSON object with level, time and text, names the span that it was written in, and keeps secrets', async () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  logger.info({ token: 'trv_secret', headers: { authorization: 'Bearer trv_secret' } }, 'first\nline')
  await createTracer(() => {}).run('work', 'internal', {}, async () =>
    logger.child({ reqId: 'r1' }).error(new Error('bad'), 'second'),
  )
  expect(lines.join('')).not.toContain('trv_secret')
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  expect(first).toMatchObject({ level: 30, msg: 'first\nline' })
  expect(String(first?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(first).not.toHaveProperty('trace_id')
  expect(second).toMatchObject({ level: 50, msg: 'second', reqId: 'r1', err: { message: 'bad' } })
  expect(second?.['trace_id']).toMatch(/^[0-9a-f]{32}$/)
  expect(second?.['span_id']).toMatch(/^[0-9a-f]{16}$/)
})
