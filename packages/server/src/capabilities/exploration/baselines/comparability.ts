import type { Baseline, Comparability } from '@trivium/contract'

type Part = Comparability['parts'][number]

/** What a run records of what it was measured on. */
export interface OwnProtocol {
  readonly inputs: readonly {
    readonly name: string
    readonly digest: string
    readonly context: string | null
    /** Digest of the version of ours that it is. */
    readonly version: string | null
  }[]
  /** How the run or its experiment says that the metric is computed. */
  readonly definition: string | null
}

/** Whether a run measured what a baseline says: same data by digest, same split, same definition of the metric. */
export function comparabilityOf(
  baseline: Pick<Baseline, 'dataset' | 'split' | 'definition'>,
  own: OwnProtocol,
): Comparability {
  const parts = [...dataParts(baseline, own.inputs), metricPart(baseline.definition, own.definition)]
  const state = parts.some((one) => one.state === 'differs')
    ? 'not comparable'
    : parts.some((one) => one.state === 'not recorded')
      ? 'unknown'
      : 'comparable'
  return { state, parts }
}

function dataParts({ dataset, split }: Pick<Baseline, 'dataset' | 'split'>, inputs: OwnProtocol['inputs']): Part[] {
  const published = `${dataset.name}${dataset.version === null ? '' : `@${dataset.version}`} (${dataset.digest})`
  const same = (one: string | null) => one !== null && plain(one) === plain(split)
  const found = inputs.filter(({ digest, version }) => digest === dataset.digest || version === dataset.digest)
  const data = (state: Part['state'], own: OwnProtocol['inputs']): Part => ({
    part: 'dataset',
    state,
    published,
    own: own.length === 0 ? null : own.map(({ name, digest, version }) => `${name} (${version ?? digest})`).join(', '),
  })
  const part = (state: Part['state'], own: OwnProtocol['inputs']): Part => {
    const contexts = [...new Set(own.flatMap(({ context }) => context ?? []))]
    return {
      part: 'split',
      state,
      published: split === '' ? 'all of it' : split,
      own: contexts.length === 0 ? null : contexts.join(', '),
    }
  }
  if (found.length > 0) {
    if (split === '' || found.some(({ context }) => same(context))) return [data('same', found), part('same', found)]
    const unsaid = found.some(({ context }) => context === null)
    return [data('same', found), part(unsaid ? 'not recorded' : 'differs', found)]
  }
  const ofSplit = inputs.filter(({ context }) => same(context))
  if (split !== '' && ofSplit.length > 0) return [data('differs', ofSplit), part('same', ofSplit)]
  // A run that names only what it trained on says nothing of what it was measured on.
  const measured = inputs.filter(({ context }) => context === null || (split === '' && !/^train/i.test(context)))
  if (measured.length > 0) return [data('differs', measured), part('not recorded', measured)]
  return [data('not recorded', []), part('not recorded', [])]
}

function metricPart(published: string, own: string | null): Part {
  const state = own === null ? 'assumed' : plain(own) === plain(published) ? 'same' : 'differs'
  return { part: 'metric', state, published, own }
}

/** Without what only looks different. */
const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').toLowerCase()

/** Why a run is not judged against a baseline, in words. */
export function whyNot({ state, parts }: Comparability): string {
  const of = (wanted: Part['state']) => parts.filter((one) => one.state === wanted).map((one) => words[one.part])
  return state === 'unknown'
    ? `the run does not record its ${of('not recorded').join(' and ')}`
    : `${of('differs').join(' and ')} ${of('differs').length > 1 ? 'differ' : 'differs'}`
}

const words: Record<Part['part'], string> = { dataset: 'dataset', split: 'split', metric: 'definition of the metric' }
