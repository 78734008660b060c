import { constants, gunzipSync, inflateSync } from 'node:zlib'
import type { PickledFile } from '@trivium/contract'
import type { BlobStore } from '../../../kernel/ports/index.ts'
import { isPickle } from './pickle-opcodes.ts'

type Files = Readonly<Record<string, { readonly digest: string; readonly size: number }>>

/** What an MLmodel file says of the flavours, and the directory that it lies in. */
export interface Flavors {
  readonly directory: string
  readonly settings: Readonly<Record<string, unknown>>
}

const noFlavors: Flavors = { directory: '', settings: {} }
const headBytes = 4096
const tailBytes = 65_536
/** Of a model with more files, only the names of the others are looked at. */
const mostOpened = 2000
const atOnce = 8
const mostListed = 100
const pickleName = /\.(pkl|pickle|joblib|dill|cloudpickle|skl)(\.(gz|z|bz2|xz|lzma))?$/i
const torchName = /\.(pt|pth|ckpt)$/i

/** Files that their names or the model's flavours say are pickles: what is known without a look into them. */
export function namedPickles(files: Files, flavors: Flavors = noFlavors): PickledFile[] {
  const found = new Map<string, string>()
  for (const path of Object.keys(files)) if (pickleName.test(path)) found.set(path, 'its name says so')
  for (const [flavor, settings] of Object.entries(flavors.settings)) {
    for (const path of pickledBy(settings).map((one) => flavors.directory + one))
      if (Object.hasOwn(files, path)) found.set(path, `flavour ${flavor} unpickles it`)
  }
  return listOf(found)
}

/** Files that are Python pickles, by what they hold, by the model's flavours and by their names. The server reads the first bytes of each and loads nothing. */
export async function findPickles(
  blobs: Pick<BlobStore, 'open'>,
  project: string,
  files: Files,
  flavors: Flavors,
): Promise<PickledFile[]> {
  const found = new Map(namedPickles(files, flavors).map(({ path, why }) => [path, why]))
  const entries = Object.entries(files).filter(([, { size }]) => size > 0)
  const queue = entries.slice(0, mostOpened).values()
  const look = async (): Promise<void> => {
    for (const [path, file] of queue) {
      const why = await contentSays(blobs, project, path, file)
      if (why !== undefined) found.set(path, why)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, entries.length) }, look))
  return listOf(found)
}

/** Paths that a flavour of MLflow names as the pickled part of the model. */
function pickledBy(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return []
  const {
    pickled_model: sklearn,
    python_model: pyfunc,
    serialization_format: format,
  } = settings as Record<string, unknown>
  return [format === 'skops' ? undefined : sklearn, pyfunc].filter(
    (path): path is string => typeof path === 'string' && !path.endsWith('.py'),
  )
}

async function contentSays(
  blobs: Pick<BlobStore, 'open'>,
  project: string,
  path: string,
  { digest, size }: { digest: string; size: number },
): Promise<string | undefined> {
  const range = async (start: number, end: number): Promise<Buffer> => {
    const { stream } = await blobs.open(project, digest, { start, end })
    const pieces: Buffer[] = []
    for await (const piece of stream) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  }
  const head = await range(0, Math.min(size, headBytes) - 1)
  if (isPickle(head, size)) return 'it holds a pickle'
  const unpacked = unpackedHead(head)
  if (unpacked && isPickle(unpacked, Number.MAX_SAFE_INTEGER)) return 'it holds a compressed pickle'
  if (isObjectArray(head)) return 'it holds a NumPy array of objects, which are pickled'
  if (head.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') {
    const tail = size <= headBytes ? head : await range(Math.max(0, size - tailBytes), size - 1)
    const inside = /[\w./-]*\.(pkl|pickle|joblib)/.exec(Buffer.concat([head, tail]).toString('latin1'))
    if (inside) return `it is an archive with the pickle ${inside[0].slice(-100)}`
  }
  return torchName.test(path) && head.subarray(0, 2).toString('latin1') !== 'PK' ? 'its name says so' : undefined
}

/** The beginning of what gzip or zlib compressed, as far as these bytes go. */
function unpackedHead(head: Buffer): Buffer | undefined {
  const gzip = head[0] === 0x1f && head[1] === 0x8b
  const zlib = head[0] === 0x78 && (head[0] * 256 + (head[1] ?? 0)) % 31 === 0
  if (!gzip && !zlib) return undefined
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 4_000_000 }
    return (gzip ? gunzipSync(head, options) : inflateSync(head, options)).subarray(0, headBytes)
  } catch {
    return undefined
  }
}

const isObjectArray = (head: Buffer): boolean =>
  head.subarray(0, 6).toString('latin1') === '\u0093NUMPY' && /'descr':\s*'\|O/.test(head.toString('latin1', 0, 512))

const listOf = (found: ReadonlyMap<string, string>): PickledFile[] =>
  [...found]
    .map(([path, why]) => ({ path, why }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .slice(0, mostListed)
