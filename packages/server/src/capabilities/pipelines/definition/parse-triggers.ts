import type { PipelineParameter, PipelineTrigger } from '@trivium/contract'
import { parseCron } from './cron.ts'
import { isPlainMap, readFields, show } from './field-reader.ts'
import { fitsType } from './parameter-value.ts'
import { parseDuration } from '../../../kernel/clock/index.ts'
import type { YamlSource } from './yaml-source.ts'

/** Events that a trigger may wait for. */
export const triggerEvents = [
  'monitor.drifted',
  'monitor.degraded',
  'monitor.persists',
  'alert.opened',
  'dataset.version-added',
  'labels.committed',
  'model-version.registered',
  'pipeline-run.finished',
  'pipeline-run.rejected',
  'pipeline-run.failed',
  'pipeline.defined',
] as const

/** Events that bring rows. */
const rowEvents: readonly string[] = ['dataset.version-added', 'labels.committed']
/** What an event has to be about: without it a trigger would wait for everything, and for what it causes itself. */
const needed: Readonly<Record<string, string>> = {
  'labels.committed': 'deployment',
  'model-version.registered': 'model',
  'pipeline-run.finished': 'pipeline',
  'pipeline-run.rejected': 'pipeline',
  'pipeline-run.failed': 'pipeline',
  'pipeline.defined': 'pipeline',
}

const shortestEveryMs = 60_000

/** The list of triggers; names that are left out are given by kind and position. */
export function parseTriggers(
  source: YamlSource,
  value: unknown,
  params: readonly PipelineParameter[],
): PipelineTrigger[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    source.report(['triggers'], 'must be a list.')
    return []
  }
  const names = new Set<string>()
  return value.map((item: unknown, index) => {
    const path = ['triggers', index]
    const fields = readFields(source, path, item, ['name', 'schedule', 'on', 'cooldown', 'params', 'priority'])
    const name = fields.text('name', `${fields.has('schedule') ? 'schedule' : 'event'}-${index + 1}`)
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(name)) fields.report('name', `"${name}" is no name for a trigger.`)
    if (names.has(name)) fields.report('name', `two triggers are called "${name}".`)
    names.add(name)
    if (fields.has('schedule') === fields.has('on'))
      fields.report(undefined, 'a trigger needs either "schedule" or "on".')
    const given = fields.map('params')
    for (const [parameter, wanted] of Object.entries(given)) {
      const declared = params.find((p) => p.name === parameter)
      if (!declared) fields.report('params', `the pipeline has no parameter "${parameter}".`)
      else if (!fitsType(wanted, declared.type))
        fields.report('params', `parameter "${parameter}" must be of type ${declared.type}, not ${show(wanted)}.`)
    }
    return {
      name,
      schedule: fields.has('schedule') ? parseSchedule(source, [...path, 'schedule'], fields.raw('schedule')) : null,
      on: fields.has('on') ? parseOn(source, [...path, 'on'], fields.raw('on')) : null,
      cooldownMs: fields.duration('cooldown') ?? 0,
      params: given,
      ...(fields.has('priority') ? { priority: fields.integer('priority', 5, 0, 9) } : {}),
    }
  })
}

function parseSchedule(source: YamlSource, path: (string | number)[], value: unknown): PipelineTrigger['schedule'] {
  const fields = readFields(source, path, typeof value === 'string' ? shorthand(value) : value, ['cron', 'every'])
  const cron = fields.text('cron', '')
  const everyMs = fields.duration('every')
  if ((cron === '') === (everyMs === undefined))
    fields.report(undefined, 'needs either "cron" (minute hour day month weekday, UTC) or "every" (a duration).')
  if (everyMs !== undefined && everyMs < shortestEveryMs) fields.report('every', 'must be at least 1m.')
  if (cron !== '') {
    const parsed = parseCron(cron)
    if (typeof parsed === 'string') fields.report('cron', parsed)
  }
  return { cron: cron === '' ? null : cron, everyMs: everyMs ?? null }
}

const shorthand = (text: string): Record<string, string> =>
  parseDuration(text) === undefined ? { cron: text } : { every: text }

function parseOn(source: YamlSource, path: (string | number)[], value: unknown): PipelineTrigger['on'] {
  const fields = readFields(source, path, typeof value === 'string' ? { event: value } : value, [
    'event',
    'where',
    'rows',
  ])
  const raw = fields.raw('event')
  const events = (Array.isArray(raw) ? raw : [raw]).filter((event) => event !== undefined)
  if (events.length === 0) fields.report(undefined, 'needs "event".')
  for (const event of events) {
    if (!triggerEvents.includes(event as (typeof triggerEvents)[number]))
      fields.report('event', `no trigger waits for ${show(event)}. Known: ${triggerEvents.join(', ')}.`)
  }
  const where = fields.map('where')
  for (const [key, wanted] of Object.entries(where)) {
    if (isPlainMap(wanted)) fields.report('where', `"${key}" must be a value or a list of values.`)
  }
  for (const event of events) {
    const key = needed[String(event)]
    if (key !== undefined && where[key] === undefined)
      fields.report('where', `${show(event)} needs "${key}": whose it is, such as where: { ${key}: NAME }.`)
  }
  if (!fields.has('rows')) return { events: events.map(String), where }
  for (const event of events)
    if (!rowEvents.includes(String(event)))
      fields.report('rows', `${show(event)} brings no rows; ${rowEvents.join(' and ')} do.`)
  return { events: events.map(String), where, rows: fields.integer('rows', 1, 1, 1_000_000_000_000) }
}
