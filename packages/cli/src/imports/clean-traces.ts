import type { ImportedEvaluationRecord, ImportedEvaluationSet, ImportedTrace } from '@trivium/contract'
import { cleanPairs, plain, shown } from './clean.ts'
import type { Skip } from './source.ts'

const idForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/
const traceIdForm = /^[a-zA-Z0-9][\w.:-]{0,255}$/
const mostSpans = 20_000
const longestRecord = 1_000_000

/** A trace without what the server would refuse, which is named. Undefined when nothing is left of it. */
export function cleanTrace(given: ImportedTrace, skip: Skip): ImportedTrace | undefined {
  const what = `trace ${shown(given.id)}`
  if (!traceIdForm.test(given.id)) return skip(what, 'its id is none'), undefined
  const trace = stored(given, what, skip)
  const tooMany = trace.spans.length > mostSpans
  if (tooMany) skip(`spans of ${what}`, `there are ${trace.spans.length} of them, more than ${mostSpans}`)
  const text = (value: string | null, most: number, name: string): string | null =>
    value === null ? null : plain(value, most, `${name} of ${what}`, skip)
  return {
    ...trace,
    clientRequestId: text(trace.clientRequestId, 1000, "client's id"),
    requestPreview: text(trace.requestPreview, 100_000, 'request'),
    responsePreview: text(trace.responsePreview, 100_000, 'response'),
    tags: cleanPairs(trace.tags, `of ${what}`, 'tag', skip),
    metadata: cleanPairs(trace.metadata, `of ${what}`, 'metadata', skip),
    runs: [...new Set(trace.runs.filter((run) => idForm.test(run)))],
    spans: tooMany ? [] : trace.spans,
    assessments: trace.assessments.flatMap((one) => {
      const of = `assessment ${shown(one.id)} of ${what}`
      if (!traceIdForm.test(one.id)) return skip(of, 'its id is none'), []
      return {
        ...one,
        name: plain(one.name, 1000, `name of ${of}`, skip),
        rationale: text(one.rationale, 1_000_000, `rationale of assessment ${one.id}`),
        metadata: cleanPairs(one.metadata, `of ${of}`, 'metadata', skip),
      }
    }),
  }
}

export function cleanEvaluationSet(given: ImportedEvaluationSet, skip: Skip): ImportedEvaluationSet | undefined {
  const what = `evaluation dataset "${shown(given.name)}"`
  if (!idForm.test(given.id) || given.name === '' || given.name.length > 1000)
    return skip(what, 'its id or name is none: a name has 1 to 1,000 characters'), undefined
  const set = stored(given, what, skip)
  return { ...set, tags: cleanPairs(set.tags, `of ${what}`, 'tag', skip) }
}

export function cleanEvaluationRecord(
  given: ImportedEvaluationRecord,
  skip: Skip,
): ImportedEvaluationRecord | undefined {
  const what = `record ${shown(given.id)} of evaluation dataset ${given.set}`
  if (!idForm.test(given.id)) return skip(what, 'its id is none'), undefined
  if (JSON.stringify(given).length > longestRecord)
    return skip(what, `it is longer than ${longestRecord} characters`), undefined
  return stored(given, what, skip)
}

/** The value with texts that every database keeps: without NUL, and without halves of characters. */
function stored<T>(value: T, what: string, skip: Skip): T {
  let cut = false
  const text = (one: string): string => {
    const good = one.replaceAll('\0', '').toWellFormed()
    if (good !== one) cut = true
    return good
  }
  const all = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one)
    if (Array.isArray(one)) return one.map(all)
    if (typeof one === 'object' && one !== null)
      return Object.fromEntries(Object.entries(one).map(([key, of]) => [text(key), all(of)]))
    return one
  }
  const result = all(value) as T
  if (cut) skip(`a part of ${what}`, 'it holds a NUL character or half of a character')
  return result
}
