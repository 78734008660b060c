import type { ImportedExperiment, ImportedLoggedModel, ImportedModel, ImportedRun } from '@trivium/contract'
import type { Point, Series, Skip } from './source.ts'

const idForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/
const longestKey = 1000
const longestValue = 100_000

/** What the server would refuse is left out before it is sent, and named: the rest of the run comes. Undefined when nothing is left of it. */
export function cleanRun(run: ImportedRun, skip: Skip): ImportedRun | undefined {
  const what = `run ${shown(run.id)}`
  if (!idForm.test(run.id)) {
    skip(what, 'its id is none: letters, digits, "-" and "_", at most 128')
    return undefined
  }
  const seen = new Set<string>()
  const datasets = run.datasets.flatMap((dataset) => {
    const of = `dataset "${shown(dataset.name)}" of ${what}`
    const texts = [dataset.name, dataset.digest, dataset.sourceType, dataset.source, dataset.schema, dataset.profile]
    if (texts.some((one) => one?.includes('\0'))) return skip(of, 'it holds a NUL character'), []
    if (dataset.name.length > 500 || dataset.digest.length > 500 || dataset.source.length > 1_000_000)
      return skip(of, 'its name, digest or source is too long'), []
    if ((dataset.schema?.length ?? 0) > 4_000_000 || (dataset.profile?.length ?? 0) > 4_000_000)
      return skip(of, 'its schema or profile is longer than 4,000,000 characters'), []
    const key = JSON.stringify([dataset.name, dataset.digest])
    if (seen.has(key)) return []
    seen.add(key)
    const tags = dataset.tags.filter(({ key: name, value }) => {
      const good = name.length <= 500 && value.length <= 5000 && !`${name}${value}`.includes('\0')
      if (!good) skip(`tag "${shown(name)}" of ${of}`, 'it is too long or holds a NUL character')
      return good
    })
    return [{ ...dataset, tags }]
  })
  const models = [
    ...new Map(
      run.models
        .filter(({ model }) => {
          if (!idForm.test(model)) skip(`model ${shown(model)} of ${what}`, 'its id is none')
          return idForm.test(model)
        })
        .map((one) => [`${one.direction} ${one.model}`, one]),
    ).values(),
  ]
  return {
    ...run,
    name: plain(run.name, 1000, `name of ${what}`, skip),
    user: plain(run.user, 500, `user of ${what}`, skip),
    params: cleanPairs(run.params, `of ${what}`, 'parameter', skip),
    tags: cleanPairs(run.tags, `of ${what}`, 'tag', skip),
    datasets,
    models,
  }
}

export function cleanExperiment(experiment: ImportedExperiment, skip: Skip): ImportedExperiment | undefined {
  const what = `experiment "${shown(experiment.name)}"`
  if (
    !idForm.test(experiment.id) ||
    experiment.name === '' ||
    experiment.name.length > 500 ||
    experiment.name.includes('\0')
  ) {
    skip(what, 'its id or name is none: a name has 1 to 500 characters')
    return undefined
  }
  return { ...experiment, tags: cleanPairs(experiment.tags, `of ${what}`, 'tag', skip) }
}

export function cleanLoggedModel(model: ImportedLoggedModel, skip: Skip): ImportedLoggedModel | undefined {
  const what = `logged model ${shown(model.id)}`
  if (!idForm.test(model.id)) {
    skip(what, 'its id is none')
    return undefined
  }
  return {
    ...model,
    name: plain(model.name, 500, `name of ${what}`, skip),
    params: cleanPairs(model.params, `of ${what}`, 'parameter', skip),
    tags: cleanPairs(model.tags, `of ${what}`, 'tag', skip),
    metrics: model.metrics.filter(
      ({ key, run, dataset, digest }) =>
        idForm.test(run) && key.length <= longestKey && !`${key}${dataset}${digest}`.includes('\0'),
    ),
  }
}

export function cleanModel(model: ImportedModel, skip: Skip): ImportedModel | undefined {
  const what = `model "${shown(model.name)}"`
  if (model.name === '' || model.name.length > 256 || model.name.includes('\0')) {
    skip(what, 'its name is none')
    return undefined
  }
  return {
    ...model,
    description: plain(model.description, longestValue, `description of ${what}`, skip),
    tags: cleanPairs(model.tags, `of ${what}`, 'tag', skip),
    versions: model.versions.map((version) => {
      const of = `version ${version.version} of ${what}`
      return {
        ...version,
        description: plain(version.description, longestValue, `description of ${of}`, skip),
        source: plain(version.source, 10_000, `source of ${of}`, skip),
        tags: cleanPairs(version.tags, `of ${of}`, 'tag', skip),
      }
    }),
  }
}

/** Points whose key nobody can hold are left out. */
export function cleanSeries(series: Series, skip: Skip): Series | undefined {
  const { key, run, points } = series
  if (key === '' || key.length > longestKey || key.includes('\0')) {
    skip(
      `metric "${shown(key)}" of run ${run} with ${points.length} points`,
      'its name is empty, longer than 1,000 characters or holds a NUL character',
    )
    return undefined
  }
  return series
}

/** Points of a row whose numbers cannot be held exactly. */
export function pointOf(
  step: number | undefined,
  timestamp: number | undefined,
  value: number | null | undefined,
): Point | undefined {
  return step === undefined || timestamp === undefined || value === undefined ? undefined : [step, timestamp, value]
}

/** Names with texts, without those that the server would refuse. */
export function cleanPairs(
  pairs: Readonly<Record<string, string>>,
  of: string,
  kind: string,
  skip: Skip,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(pairs).filter(([key, value]) => {
      const why =
        key.includes('\0') || value.includes('\0')
          ? 'it holds a NUL character'
          : key.length > longestKey
            ? 'its name is longer than 1,000 characters'
            : value.length > longestValue
              ? `its value has ${value.length} characters, more than 100,000`
              : undefined
      if (why) skip(`${kind} "${shown(key)}" ${of}`, why)
      return why === undefined
    }),
  )
}

/** A text without what no database keeps, and no longer than it may be. */
export function plain(text: string, most: number, what: string, skip: Skip): string {
  if (!text.includes('\0') && text.length <= most) return text
  skip(`a part of the ${what}`, `it holds NUL characters, or is longer than ${most}`)
  return text.replaceAll('\0', '').slice(0, most)
}

/** A text for people: no control characters, not too long. */
export const shown = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?').slice(0, 200)
