import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Histogram, HistogramPoint, ImportedRun } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { type Field, fieldsOf, textOf } from './read-protobuf.ts'
import { readTfRecords } from './read-tfrecords.ts'
import { legacyHistogram, tensorHistogram } from './tensorboard-histograms.ts'
import { inOrder, type Point, type Skip, type Source, type SourceFile, type SourceRun, storedNumber } from './source.ts'

const mostFiles = 100_000
const mostPoints = 50_000_000
const mostHistograms = 100_000
const extensions: Readonly<Record<string, string>> = { '89504e47': 'png', ffd8ffe0: 'jpg', '47494638': 'gif' }

interface Read {
  readonly metrics: Map<string, Point[]>
  readonly params: Record<string, string>
  readonly histograms: HistogramPoint[]
  readonly images: { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[]
  first: number | null
  last: number | null
}

/**
 * Event files of TensorBoard: each folder that holds some is a run, named after its path below the log folder. Scalars (`simple_value` and scalar tensors) become
 * metrics, histograms (`histo` and tensors of the plugin `histograms`) histograms, hyperparameters of the hparams plugin parameters, images files. Audio, graphs and
 * embeddings are named and left.
 */
export async function tensorboardSource(root: string, skip: Skip): Promise<Source> {
  const folders = new Map<string, string[]>()
  let count = 0
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.includes('tfevents')) continue
    count += 1
    if (count > mostFiles) throw new FailedError(`"${root}" holds more than ${mostFiles} event files.`)
    const list = folders.get(entry.parentPath) ?? []
    list.push(join(entry.parentPath, entry.name))
    folders.set(entry.parentPath, list)
  }
  if (folders.size === 0) throw new FailedError(`"${root}" holds no event files of TensorBoard (*tfevents*).`)
  const experiment = basename(root)
  const experimentId = `tb-${idOf(root).slice(0, 16)}`
  const read = new Map<string, Read>()
  return {
    kind: 'tensorboard',
    name: root,
    experiments: async () => [
      { id: experimentId, name: experiment, lifecycle: 'active', createdAt: null, updatedAt: null, tags: {} },
    ],
    runs: async function* () {
      for (const folder of [...folders.keys()].toSorted()) {
        const files = (folders.get(folder) ?? []).toSorted()
        const name = relative(root, folder).split(sep).join('/') || experiment
        const id = idOf(`${root}\n${name}`)
        const found = await readFolder(files, name, skip)
        read.clear()
        read.set(id, found)
        const run: ImportedRun = {
          id,
          experiment: experimentId,
          name,
          user: '',
          status: 'FINISHED',
          lifecycle: 'active',
          startTime: found.first,
          endTime: found.last,
          params: found.params,
          tags: { 'mlflow.runName': name, 'trivium.importedFrom': 'tensorboard' },
          datasets: [],
          models: [],
        }
        const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
        yield [{ run, state: sizes.join(' ') }] satisfies SourceRun[]
      }
    },
    series: async function* (runs) {
      for (const { run } of runs)
        for (const [key, points] of [...(read.get(run.id)?.metrics ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          yield { run: run.id, key, points: inOrder(points) }
    },
    histograms: (run) => read.get(run)?.histograms ?? [],
    loggedModels: async function* () {},
    models: async function* () {},
    files: async function* (owner) {
      for (const { path, bytes } of read.get(owner.id)?.images ?? [])
        yield { path, size: bytes.length, open: async () => new Blob([bytes]).stream() } satisfies SourceFile
    },
    close: async () => {},
  }
}

async function readFolder(files: readonly string[], run: string, skip: Skip): Promise<Read> {
  const found: Read = { metrics: new Map(), params: {}, histograms: [], images: [], first: null, last: null }
  const plugins = new Map<string, string>()
  const left = new Map<string, number>()
  let points = 0
  for (const file of files) {
    const where = `${basename(dirname(file))}/${basename(file)}`
    try {
      const stopped = ({ at, why }: { at: number; why: string }) =>
        skip(`${where} of run "${run}" from byte ${at} on`, why)
      for await (const record of readTfRecords(file, stopped)) {
        const event = eventOf(record)
        const at = Math.round(event.time * 1000)
        const timestamp = Number.isSafeInteger(at) && at >= 0 ? at : 0
        for (const value of event.values) {
          const plugin = value.plugin ?? plugins.get(value.tag)
          if (plugin !== undefined) plugins.set(value.tag, plugin)
          Object.assign(found.params, value.hparams)
          if (value.number !== undefined) {
            points += 1
            if (points > mostPoints) throw new FailedError(`it holds more than ${mostPoints} points`)
            const list = found.metrics.get(value.tag) ?? []
            list.push([event.step, timestamp, storedNumber(value.number) ?? null])
            found.metrics.set(value.tag, list)
            found.first = Math.min(found.first ?? timestamp, timestamp)
            found.last = Math.max(found.last ?? timestamp, timestamp)
          } else if (value.histogram || (plugin === 'histograms' && value.tensor)) {
            const histogram = value.histogram ?? tensorHistogram(value.tensor as Uint8Array)
            if (histogram && isKey(value.tag) && found.histograms.length < mostHistograms)
              found.histograms.push({ key: value.tag, step: event.step, timestamp, ...histogram })
            else left.set('histogram', (left.get('histogram') ?? 0) + 1)
          } else if (value.image) {
            const kind = extensions[Buffer.from(value.image.subarray(0, 4)).toString('hex')] ?? 'bin'
            const name = value.tag
              .split('/')
              .map((part) => part.replaceAll(/[^\w. -]|^\.+$/g, '_') || '_')
              .join('/')
            found.images.push({ path: `images/${name}/${event.step}.${kind}`, bytes: new Uint8Array(value.image) })
          } else if (value.other !== undefined) left.set(value.other, (left.get(value.other) ?? 0) + 1)
        }
      }
    } catch (error) {
      if (!(error instanceof FailedError)) throw error
      skip(`${where} of run "${run}"`, error.message)
    }
  }
  for (const [kind, count] of left) skip(`${count} values of kind ${kind} of run "${run}"`, whyLeft(kind))
  return found
}

const isKey = (tag: string): boolean => tag.length <= 250 && /^\P{Cc}+$/u.test(tag)

const whyLeft = (kind: string): string =>
  kind === 'histogram'
    ? `they hold what is no number, have a name that no metric can have, or are more than ${mostHistograms}`
    : 'only scalars, histograms, hyperparameters and images are taken'

interface Value {
  tag: string
  number?: number
  image?: Uint8Array
  histogram?: Histogram
  tensor?: Uint8Array
  plugin?: string
  hparams?: Record<string, string>
  other?: string
}

/** Event: 1 wall_time, 2 step, 5 summary { 1 value }. */
function eventOf(record: Uint8Array): { time: number; step: number; values: Value[] } {
  let time = 0
  let step = 0
  const values: Value[] = []
  for (const field of fieldsOf(record)) {
    if (field.number === 1 && field.kind === 'fixed64') time = Buffer.from(field.bytes).readDoubleLE(0)
    else if (field.number === 2 && field.kind === 'varint') step = Number(BigInt.asIntN(64, field.value))
    else if (field.number === 5 && field.kind === 'bytes')
      for (const one of fieldsOf(field.bytes))
        if (one.number === 1 && one.kind === 'bytes') values.push(valueOf(one.bytes))
  }
  if (!Number.isSafeInteger(step)) throw new FailedError('a step cannot be held exactly')
  return { time, step, values }
}

/** Summary.Value: 1 tag, 2 simple_value, 4 image, 5 histo, 6 audio, 8 tensor, 9 metadata. */
function valueOf(bytes: Uint8Array): Value {
  const value: Value = { tag: '' }
  let tensor: Uint8Array | undefined
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.kind === 'bytes') value.tag = textOf(field.bytes)
    else if (field.number === 2 && field.kind === 'fixed32') value.number = Buffer.from(field.bytes).readFloatLE(0)
    else if (field.number === 4 && field.kind === 'bytes') {
      const image = bytesIn(field.bytes, 4)
      if (image) value.image = image
    } else if (field.number === 5 && field.kind === 'bytes') {
      const histogram = legacyHistogram(field.bytes)
      if (histogram) value.histogram = histogram
      else value.other = 'histogram'
    } else if (field.number === 6) value.other = 'audio'
    else if (field.number === 8 && field.kind === 'bytes') tensor = field.bytes
    else if (field.number === 9 && field.kind === 'bytes') {
      const data = bytesIn(field.bytes, 1)
      const name = data && bytesIn(data, 1)
      if (name) value.plugin = textOf(name)
      const content = data && bytesIn(data, 2)
      if (content && value.plugin === 'hparams') value.hparams = hparamsOf(content)
    }
  }
  if (value.plugin === 'hparams')
    return { tag: value.tag, plugin: 'hparams', ...(value.hparams ? { hparams: value.hparams } : {}) }
  if (tensor) value.tensor = tensor
  if (tensor && value.plugin !== 'images') {
    const number = scalarOf(tensor)
    if (number !== undefined) value.number = number
    else value.other = value.plugin ?? 'tensor'
  } else if (tensor) value.other = 'images in tensors'
  return value
}

/** TensorProto: 1 dtype, 2 shape { 2 dim }, 4 tensor_content, 5 float_val, 6 double_val, 7 int_val. Only a scalar has a number. */
function scalarOf(tensor: Uint8Array): number | undefined {
  let type = 0
  let dimensions = 0
  let content: Uint8Array | undefined
  let number: number | undefined
  const packed = (field: Field, read: (bytes: Buffer) => number, width: number): number | undefined =>
    field.kind === 'varint'
      ? Number(field.value)
      : field.bytes.length === width
        ? read(Buffer.from(field.bytes))
        : undefined
  for (const field of fieldsOf(tensor)) {
    if (field.number === 1 && field.kind === 'varint') type = Number(field.value)
    else if (field.number === 2 && field.kind === 'bytes')
      for (const one of fieldsOf(field.bytes)) dimensions += one.number === 2 ? 1 : 0
    else if (field.number === 4 && field.kind === 'bytes') content = field.bytes
    else if (field.number === 5) number = packed(field, (bytes) => bytes.readFloatLE(0), 4)
    else if (field.number === 6) number = packed(field, (bytes) => bytes.readDoubleLE(0), 8)
    else if (field.number === 7 && field.kind === 'varint') number = Number(BigInt.asIntN(64, field.value))
  }
  if (dimensions > 0) return undefined
  if (content?.length === 4 && type === 1) return Buffer.from(content).readFloatLE(0)
  if (content?.length === 8 && type === 2) return Buffer.from(content).readDoubleLE(0)
  return number
}

/** HParamsPluginData: 3 session_start_info { 1 hparams map<string, google.protobuf.Value> }. */
function hparamsOf(content: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {}
  const start = bytesIn(content, 3)
  for (const field of start ? fieldsOf(start) : []) {
    if (field.number !== 1 || field.kind !== 'bytes') continue
    const key = bytesIn(field.bytes, 1)
    const value = bytesIn(field.bytes, 2)
    if (!key || !value) continue
    for (const one of fieldsOf(value)) {
      if (one.number === 2 && one.kind === 'fixed64')
        found[textOf(key)] = String(Buffer.from(one.bytes).readDoubleLE(0))
      else if (one.number === 3 && one.kind === 'bytes') found[textOf(key)] = textOf(one.bytes)
      else if (one.number === 4 && one.kind === 'varint') found[textOf(key)] = one.value === 1n ? 'True' : 'False'
    }
  }
  return found
}

function bytesIn(message: Uint8Array, number: number): Uint8Array | undefined {
  for (const field of fieldsOf(message)) if (field.number === number && field.kind === 'bytes') return field.bytes
  return undefined
}

const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)
