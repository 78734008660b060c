import { expect, test } from 'vitest'
import type { EgressRequest } from '../egress/index.ts'
import { createLogger } from '../logging/index.ts'
import { createOtlpExporter, otlpOf } from './otlp-exporter.ts'
import { openTracing, readTraceparent, traceparent } from './index.ts'
import { createTracer, type FinishedSpan } from './tracer.ts'

const logger = createLogger({ level: 'silent' })
const trace = '0af7651916cd43dd8448eb211c80319c'
const parent = 'b7ad6b7169203331'
const settings = { endpoint: 'https://traces.example/', headers: 'Authorization=Bearer a=b, x-team=ml' }

test.each([
  [`00-${trace}-${parent}-01`, true],
  [`00-${trace}-${parent}-00`, false],
  // A version of the future may have more behind it.
  [`cc-${trace}-${parent}-01-what-the-future`, true],
])('the header %s is understood', (header, sampled) => {
  expect(readTraceparent(header)).toEqual({ traceId: trace, spanId: parent, sampled })
})

test.each([
  undefined,
  '',
  `ff-${trace}-${parent}-01`,
  `00-${'0'.repeat(32)}-${parent}-01`,
  `00-${trace}-${'0'.repeat(16)}-01`,
  `00-${trace.toUpperCase()}-${parent}-01`,
  `00-${trace}-${parent}-01-more`,
  `00-${trace}-${parent}`,
])('the header %s begins a trace of its own', (header) => {
  expect(readTraceparent(header)).toBeUndefined()
})

test('spans are children of the one that they begin in, across what is awaited, and say what failed', async () => {
  const finished: FinishedSpan[] = []
  const tracer = createTracer((span) => void finished.push(span))
  const from = readTraceparent(`00-${trace}-${parent}-01`)
  const failed = tracer.run(
    'outer',
    'server',
    {},
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      await tracer.run('inner', 'client', { rows: 3 }, async () => {
        expect(traceparent()).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))
      })
      throw Object.assign(new Error('a message may hold data'), { code: 'STEP.FAILED' })
    },
    from,
  )
  await expect(failed).rejects.toThrow('a message')
  const [inner, outer] = finished
  expect(outer).toMatchObject({ name: 'outer', parentId: parent, context: { traceId: trace }, error: 'STEP.FAILED' })
  expect(inner).toMatchObject({
    name: 'inner',
    parentId: outer?.context.spanId,
    context: { traceId: trace },
    error: undefined,
  })
  expect((outer?.end ?? 0) - (outer?.start ?? 0)).toBeGreaterThan(1)
  expect(traceparent()).toBeUndefined()
})

test('who does not record his span has none recorded here, and the word is passed on', async () => {
  const finished: FinishedSpan[] = []
  const tracer = createTracer((span) => void finished.push(span))
  const quiet = { traceId: trace, spanId: parent, sampled: false }
  expect(await tracer.run('quiet', 'server', {}, async () => traceparent(), quiet)).toMatch(/-00$/)
  expect(finished).toEqual([])
})

test('spans leave in batches with their headers; what is too much or not taken is dropped and counted, and nobody waits', async () => {
  const calls: EgressRequest[] = []
  let status = 200
  const egress = {
    call: async (request: EgressRequest) => {
      calls.push(request)
      return { status, headers: {}, body: Buffer.alloc(0) }
    },
  }
  const { tracer, dropped, stop } = openTracing({ egress, logger, settings, process: 'main' })
  for (let n = 0; n < 700; n += 1) tracer.begin('one', 'internal', { n }).end()
  await stop()
  expect(calls.map(({ body }) => JSON.parse(String(body)).resourceSpans[0].scopeSpans[0].spans.length)).toEqual([
    512, 188,
  ])
  expect(calls[0]).toMatchObject({
    url: 'https://traces.example/v1/traces',
    headers: { authorization: 'Bearer a=b', 'x-team': 'ml' },
  })
  expect(dropped()).toBe(0)
  status = 503
  tracer.begin('one', 'internal', {}).end()
  await stop()
  expect(dropped()).toBe(1)
  const stuck = createOtlpExporter({ egress: { call: () => new Promise(() => {}) }, logger, settings, resource: {} })
  const span: FinishedSpan = {
    context: { traceId: trace, spanId: parent, sampled: true },
    parentId: undefined,
    name: '',
    kind: 'internal',
    start: 0,
    end: 0,
    attributes: {},
    error: undefined,
  }
  for (let n = 0; n < 6000; n += 1) stuck.add(span)
  expect(stuck.dropped()).toBe(6000 - 512 - 4096)
})

test('the form is that of OTLP in JSON: ids as hex, times and integers as text', () => {
  const [{ scopeSpans, resource }] = otlpOf(
    [
      {
        context: { traceId: trace, spanId: parent, sampled: true },
        parentId: undefined,
        name: 'n',
        kind: 'server',
        start: 1.5,
        end: 2,
        attributes: { a: 'x', b: 3, c: 0.5 },
        error: 'E',
      },
    ],
    { 'service.name': 'trivium' },
  ).resourceSpans as [any]
  expect(resource.attributes).toEqual([{ key: 'service.name', value: { stringValue: 'trivium' } }])
  expect(scopeSpans[0].spans[0]).toEqual({
    traceId: trace,
    spanId: parent,
    name: 'n',
    kind: 2,
    startTimeUnixNano: '1500000',
    endTimeUnixNano: '2000000',
    attributes: [
      { key: 'a', value: { stringValue: 'x' } },
      { key: 'b', value: { intValue: '3' } },
      { key: 'c', value: { doubleValue: 0.5 } },
    ],
    status: { code: 2, message: 'E' },
  })
})

test('without an endpoint there is no tracer to ask', () => {
  const { tracer } = openTracing({
    egress: { call: () => Promise.reject(new Error('called')) },
    logger,
    settings: { endpoint: '', headers: '' },
    process: 'main',
  })
  expect(tracer.on).toBe(false)
})
