import { expect, test } from 'vitest'
import { AppError } from '../../../kernel/errors/index.ts'
import type { StepKind } from '../../../kernel/ports/index.ts'
import { parseCron } from './cron.ts'
import { parseDefinition } from './parse-definition.ts'
import { parseDuration } from '../../../kernel/clock/index.ts'

const kind = (name: string, more: Partial<StepKind> = {}): [string, StepKind] => [
  name,
  { kind: name, caching: 'content', check: () => [], run: async () => ({ outputs: {} }), ...more },
]
const kinds = new Map([
  kind('python'),
  kind('command'),
  kind('register', { caching: 'never' }),
  kind('evaluate', {
    requiredInputs: ['candidate'],
    check: (configuration) => (typeof configuration['metric'] === 'string' ? [] : ['needs "metric".']),
  }),
])
const digest = 'a'.repeat(64)
const read = (yaml: string, files: Record<string, string> = { 'train.py': digest, 'requirements.txt': digest }) =>
  parseDefinition({ yaml, path: 'flow/pipeline.yaml', files, kinds })

function problemsOf(yaml: string): string[] {
  try {
    read(yaml)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'PIPELINES.INVALID_DEFINITION') throw error
    return (error.details?.['errors'] as { message: string }[]).map((problem) => problem.message)
  }
  throw new Error('The definition was accepted.')
}

test('a full definition is read with its defaults, needs and triggers', () => {
  const { definition, bundle } = read(`
name: arrival-delay
description: Trains and releases.
params: { depth: 3, lr: { type: number, default: 0.1, description: step size } }
environment: { lock: requirements.txt }
code: [train.py]
steps:
  evaluate: { kind: evaluate, in: { candidate: steps.train.model, champion: "model:arrival-delay@champion?" }, with: { metric: "\${params.depth} auc" } }
  train: { run: "train:fit", in: { rows: dataset:flights@watermark }, params: [depth], out: { model: { kind: model } }, retry: { max: 2, backoff: 5s }, timeout: 10m }
  register: { kind: register, needs: [evaluate], in: { model: steps.train.model } }
triggers:
  - { schedule: { every: 7d }, cooldown: 1d }
  - { name: drift, on: { event: [monitor.drifted, monitor.degraded], where: { monitor: arrival-delay } }, cooldown: 14d, params: { depth: 5 } }
`)
  expect(definition.steps.map((step) => [step.name, step.needs, step.cache])).toEqual([
    ['train', [], 'content'],
    ['evaluate', ['train'], 'content'],
    ['register', ['evaluate', 'train'], 'never'],
  ])
  expect(definition.steps[0]).toMatchObject({
    kind: 'python',
    params: { depth: '${params.depth}' },
    retry: { max: 2, backoffMs: 5000 },
    timeoutMs: 600_000,
  })
  expect(definition.triggers).toMatchObject([
    { name: 'schedule-1', schedule: { everyMs: 604_800_000, cron: null }, cooldownMs: 86_400_000 },
    { name: 'drift', on: { events: ['monitor.drifted', 'monitor.degraded'], where: { monitor: 'arrival-delay' } } },
  ])
  expect(definition.environment).toEqual({ lock: 'requirements.txt', digest })
  expect(bundle).toEqual({ 'train.py': digest })
})

test('each problem names file, line and key and says what would be right', () => {
  expect(
    problemsOf(`name: x
steps:
  train:
    run: train:fit
    retires: 3
    timeout: soon
    in:
      rows: dataset:flights@newest
    params: [depth]
  judge:
    kind: evaluat
  other:
    needs: [train, nobody]
    run: nowhere:f
`),
  ).toEqual([
    'flow/pipeline.yaml:5: steps.train.retires: unknown key "retires". Known here: kind, needs, in, out, params, with, run, retry, timeout, cache, network, resources, secrets.',
    'flow/pipeline.yaml:7: steps.train.in: input "rows": "dataset:flights@newest" names no version of a dataset. Write dataset:NAME@latest, @watermark or @7.',
    'flow/pipeline.yaml:9: steps.train.params: the pipeline has no parameter "depth". It has: none.',
    'flow/pipeline.yaml:6: steps.train.timeout: must be a duration such as 30s, 10m, 2h or 7d, not "soon".',
    'flow/pipeline.yaml:11: steps.judge.kind: there is no step kind "evaluat". Known: command, evaluate, python, register.',
    'flow/pipeline.yaml:14: steps.other.run: module "nowhere" is neither nowhere.py nor nowhere/__init__.py in the code of this pipeline.',
    'flow/pipeline.yaml:13: steps.other.needs: there is no step "nobody". Steps: train, judge, other.',
  ])
})

test('circles, unknown outputs, missing inputs and what a kind refuses are found', () => {
  expect(
    problemsOf(
      'name: x\nsteps:\n  a: { kind: command, run: [ls], needs: [c] }\n  b: { kind: command, run: [ls], needs: [a] }\n  c: { kind: command, run: [ls], needs: [b] }\n',
    )[0],
  ).toContain('in a circle: a → c → b → a.')
  expect(
    problemsOf(
      'name: x\nsteps:\n  a: { kind: command, run: [ls], out: { t: file } }\n  b: { kind: command, run: [ls], in: { t: steps.a.table } }\n',
    )[0],
  ).toContain('step "a" has no output "table". It has: t.')
  expect(problemsOf('name: x\nsteps:\n  e: { kind: evaluate, with: { metrics: 1 } }\n')).toEqual([
    'flow/pipeline.yaml:3: steps.e.with: needs "metric".',
    'flow/pipeline.yaml:3: steps.e.in: input "candidate" is missing; a step of kind "evaluate" needs it.',
  ])
  expect(problemsOf('name: x\nsteps:\n  r: { kind: register, cache: content }\n')[0]).toContain(
    'acts on the world and is never cached',
  )
  expect(
    problemsOf(
      'name: x\nsteps:\n  t: { run: "train:fit", in: { model: params.p }, out: { model: file } }\nparams: { p: 1 }\n',
    )[0],
  ).toContain('"model" is in "in" too')
  expect(problemsOf('name: x\nsteps:\n  c: { kind: command, run: [echo, "${out.report}"] }\n')[0]).toContain(
    'the step has no "report" in its "out"',
  )
})

test('triggers and parameters are checked as strictly', () => {
  const broken = (part: string) => problemsOf(`name: x\n${part}\nsteps: { s: { kind: command, run: [ls] } }\n`)[0]
  expect(broken('triggers: [{ schedule: "61 * * * *" }]')).toContain('"61" is not a minute')
  expect(broken('triggers: [{ schedule: { every: 5s } }]')).toContain('must be at least 1m')
  expect(broken('triggers: [{ on: { event: monitor.exploded } }]')).toContain('no trigger waits for "monitor.exploded"')
  expect(broken('triggers: [{ on: monitor.drifted, schedule: 1d }]')).toContain('either "schedule" or "on"')
  expect(broken('triggers: [{ on: monitor.drifted, params: { depth: 2 } }]')).toContain('no parameter "depth"')
  expect(broken('params: { depth: { type: integer, default: deep } }')).toContain('"deep" is not of type integer')
  expect(broken('name: y')).toContain('Map keys must be unique')
  expect(broken('environment: { lock: poetry.lock }')).toContain('"poetry.lock" is not among the uploaded files')
  expect(broken('code: [lib/]')).toContain('no uploaded file is "lib/" or below it')
})

test('a path that leads out of the bundle is refused', () => {
  expect(() => read('name: x\nsteps: { s: { kind: command, run: [ls] } }\n', { '../../etc/passwd': digest })).toThrow(
    'without ".."',
  )
})

test('cron finds the times before and after, in UTC', () => {
  const cron = parseCron('30 3 * * 1')
  if (typeof cron === 'string') throw new Error(cron)
  const monday = Date.UTC(2001, 0, 8, 3, 30)
  expect(new Date(monday).getUTCDay()).toBe(1)
  expect(cron.previous(monday)).toBe(monday)
  expect(cron.previous(monday - 1)).toBe(monday - 7 * 86_400_000)
  expect(cron.next(monday)).toBe(monday + 7 * 86_400_000)
  const leap = parseCron('0 0 29 2 *')
  if (typeof leap === 'string') throw new Error(leap)
  expect(leap.next(Date.UTC(2001, 0, 1))).toBe(Date.UTC(2004, 1, 29))
  const steps = parseCron('*/15 8-17/3 * * *')
  if (typeof steps === 'string') throw new Error(steps)
  expect(steps.next(Date.UTC(2001, 0, 1, 11, 50))).toBe(Date.UTC(2001, 0, 1, 14, 0))
})

test('durations are sums of amounts with units', () => {
  expect(parseDuration('1h30m')).toBe(5_400_000)
  expect(parseDuration('250ms')).toBe(250)
  expect(parseDuration('2 weeks')).toBeUndefined()
  expect(parseDuration('')).toBeUndefined()
})
