import { createHash } from 'node:crypto'

type Json = Readonly<Record<string, unknown>>

/** A value of a history that is no number: a picture, a table, a histogram and others, each with its `_type`. */
export interface WandbMedia {
  readonly key: string
  readonly step: number
  readonly at: number
  readonly value: Json
}

/** Where the media of a run go. */
export interface MediaPlaces {
  /** Names that files in `files/` get, by their path there. */
  readonly moved: ReadonlyMap<string, readonly string[]>
  /** Files that are made of values. */
  readonly made: readonly { readonly path: string; readonly text: string }[]
  /** What the tag of logged tables says; undefined without any. */
  readonly tag: string | undefined
  /** Values whose kind is not known, counted by their name. */
  readonly left: ReadonlyMap<string, number>
}

export const loggedTag = 'mlflow.loggedArtifacts'
const longestTag = 90_000
const mostMedia = 200_000
const longestKey = 300

/** Where a run's media go: pictures as `log_image` of MLflow names them, by name and step; tables and histograms as tables; the rest where it lies, with an index that says of which step it is. */
export function mediaPlaces(all: readonly WandbMedia[]): MediaPlaces {
  const moved = new Map<string, string[]>()
  const left = new Map<string, number>()
  const tables = new Set<string>()
  const histograms = new Map<string, (readonly (number | string)[])[]>()
  const index: Json[] = []
  const move = (from: unknown, to?: string): string | undefined => {
    if (typeof from !== 'string' || from === '' || from.split('/').includes('..')) return undefined
    const path = to ?? from
    const list = moved.get(from) ?? []
    if (!list.includes(path)) list.push(path)
    moved.set(from, list)
    return path
  }
  const note = (one: WandbMedia, type: string, path: string | undefined, more: Json = {}): boolean => {
    if (path !== undefined) index.push({ key: one.key, step: one.step, type, path, ...more })
    return path !== undefined
  }
  for (const one of all.slice(0, mostMedia)) if (!place(one)) left.set(one.key, (left.get(one.key) ?? 0) + 1)
  if (all.length > mostMedia) left.set('', all.length - mostMedia)

  function place(one: WandbMedia): boolean {
    const { key, step, at, value } = one
    const type = String(value['_type'])
    const caption = (text: unknown): Json => (typeof text === 'string' && text !== '' ? { caption: text } : {})
    if (type === 'image-file') {
      const path = value['path']
      return note(one, type, move(path, pictureName(key, step, at, path)), caption(value['caption']))
    }
    if (type === 'images/separated' || type === 'images') {
      const names = Array.isArray(value['filenames']) ? (value['filenames'] as unknown[]) : []
      const captions = Array.isArray(value['captions']) ? (value['captions'] as unknown[]) : []
      const done = names.map((name, number) => {
        const named = names.length === 1 ? key : `${key}/${number}`
        return note(one, type, move(name, pictureName(named, step, at, name)), caption(captions[number]))
      })
      return done.length > 0 && done.every(Boolean)
    }
    if (type === 'table-file' || type === 'partitioned-table' || type === 'joined-table') {
      const path = type === 'table-file' ? move(value['path'], `tables/${fileName(key)}/step-${step}.json`) : undefined
      if (path !== undefined) tables.add(path)
      return note(one, type, path)
    }
    if (type === 'histogram') {
      const rows = histogramRows(step, value)
      if (!rows) return false
      histograms.set(key, [...(histograms.get(key) ?? []), ...rows])
      return true
    }
    // A list of sounds, films or pages.
    const inner = value[type]
    if (Array.isArray(inner) && inner.length > 0)
      return inner.every((each: unknown) =>
        note(one, type, move((each as Json | null)?.['path']), caption((each as Json | null)?.['caption'])),
      )
    return note(one, type, move(value['path']), caption(value['caption']))
  }

  const made = [...histograms].map(([key, data]) => {
    const path = `histograms/${fileName(key)}.json`
    tables.add(path)
    return { path, text: JSON.stringify({ columns: ['step', 'from', 'to', 'count'], data }) }
  })
  if (index.length > 0) made.push({ path: 'media.json', text: JSON.stringify(index, null, 1) })
  return { moved, made, left, tag: tagOf([...tables]) }
}

/** As MLflow's `log_image` names a picture of a step. */
function pictureName(key: string, step: number, at: number, path: unknown): string {
  const kind = /\.(\w{1,10})$/.exec(String(path))?.[1] ?? 'png'
  const id = createHash('sha256').update(String(path)).digest('hex').slice(0, 12)
  return `images/${fileName(key).replaceAll('/', '#')}%step%${step}%timestamp%${at}%${id}.${kind}`
}

/** A name of a metric as the path of a file. */
const fileName = (key: string): string =>
  key
    .replaceAll(/[\p{Cc}%+#\\:*?"<>|]/gu, '_')
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/')
    .slice(0, longestKey) || '_'

/** Bins with their counts: given as edges, or as the first one with a width. */
function histogramRows(step: number, value: Json): (readonly number[])[] | undefined {
  const packed = value['packedBins'] as { min?: unknown; size?: unknown; count?: unknown } | undefined
  const counts = value['values']
  if (!Array.isArray(counts) || !counts.every((one) => typeof one === 'number')) return undefined
  const edges = packed
    ? Array.from({ length: counts.length + 1 }, (_, at) => Number(packed.min) + at * Number(packed.size))
    : value['bins']
  if (!Array.isArray(edges) || edges.length !== counts.length + 1) return undefined
  if (!edges.every((one) => typeof one === 'number' && Number.isFinite(one))) return undefined
  return (counts as number[]).map((count, at) => [step, edges[at] as number, edges[at + 1] as number, count])
}

function tagOf(paths: readonly string[]): string | undefined {
  let list = paths.map((path) => ({ path, type: 'table' }))
  while (JSON.stringify(list).length > longestTag) list = list.slice(0, Math.floor(list.length / 2))
  return list.length === 0 ? undefined : JSON.stringify(list)
}
