import { defineErrors } from '../../../kernel/errors/index.ts'
import type { StoredPoint } from '../fold-points.ts'
import type { ArchiveDeps } from './read-archived.ts'

/** The file of a run. */
interface RunFile {
  readonly project: string
  readonly run: string
  readonly blob: string
}

/** A transaction found points of metrics that have some in a file: it is undone, the file is asked, and it begins again. */
class AskFileFirst extends Error {
  readonly file: RunFile
  readonly points: readonly StoredPoint[]
  constructor(file: RunFile, points: readonly StoredPoint[]) {
    super(`Points of run ${file.run} are in a file.`)
    this.file = file
    this.points = points
  }
}

const writeErrors = defineErrors('METRICS', {
  BUSY: {
    status: 503,
    message: (run: string) => `The metrics of run ${run} are being moved at the moment; send them again.`,
    details: () => ({ retryAfter: 2 }),
  },
})

const mostRows = 1_000_000
const pointsAtOnce = 5000

/** Which points of a write are in files already; nothing is looked up before the write meets a run that has a file. */
export class ArchivedPoints {
  readonly #found = new Map<string, ReadonlySet<string>>()
  readonly #asked = new Map<string, ReadonlySet<string>>()

  /** The points of a metric that are not in the run's file. Throws what `withArchivedPoints` catches where the file was not asked about them. */
  without(file: RunFile, key: string, points: readonly StoredPoint[]): StoredPoint[] {
    const name = nameOf(file)
    const [found, asked] = [this.#found.get(name), this.#asked.get(name)]
    const own = points.filter((point) => point.key === key)
    if (!found || !asked || own.some((point) => !asked.has(idOf(point)))) throw new AskFileFirst(file, points)
    return own.filter((point) => !found.has(idOf(point)))
  }

  add(file: RunFile, points: readonly StoredPoint[], found: ReadonlySet<string>): void {
    this.#found.set(nameOf(file), new Set([...(this.#found.get(nameOf(file)) ?? []), ...found]))
    this.#asked.set(nameOf(file), new Set([...(this.#asked.get(nameOf(file)) ?? []), ...points.map(idOf)]))
  }
}

/**
 * Runs a write of metric points. Where it meets a run of which points were moved to a file, it is undone, the file is asked which of the points it has, and the write
 * begins again: a point that is sent once more is never stored twice.
 */
export async function withArchivedPoints<T>(
  deps: Pick<ArchiveDeps, 'blobs' | 'tables'>,
  write: (archived: ArchivedPoints) => Promise<T>,
): Promise<T> {
  const archived = new ArchivedPoints()
  const turns = new Map<string, number>()
  for (;;) {
    try {
      return await write(archived)
    } catch (error) {
      if (!(error instanceof AskFileFirst)) throw error
      const { file, points } = error
      const turn = (turns.get(file.run) ?? 0) + 1
      if (turn > 3) throw writeErrors.BUSY(file.run)
      turns.set(file.run, turn)
      for (let start = 0; start < points.length; start += pointsAtOnce) {
        const some = points.slice(start, start + pointsAtOnce)
        archived.add(file, some, await findPoints(deps, file, some))
      }
    }
  }
}

/** Ids of the points in a file that have key, step and timestamp of some that are asked for. */
async function findPoints(
  { blobs, tables }: Pick<ArchiveDeps, 'blobs' | 'tables'>,
  { project, blob }: RunFile,
  points: readonly StoredPoint[],
): Promise<Set<string>> {
  const keys = [...new Set(points.map(({ key }) => key))]
  const numbers = new Map(keys.map((key, number) => [key, number]))
  const [steps, times] = [points.map(({ step }) => step), points.map(({ timestamp }) => timestamp)]
  const asked = new Set(points.map((p) => `(${numbers.get(p.key)}, ${integer(p.step)}, ${integer(p.timestamp)})`))
  const { rows } = await tables.query({
    sql: `with keys (number, key) as (values ${keys.map((_, number) => `(${number}, ?)`).join(', ')}),
      asked (number, step, timestamp) as (values ${[...asked].join(', ')})
      select p.key, p.step, p.timestamp, p.value from stored p
      join keys using (key) join asked using (number, step, timestamp)
      where p.step between ${integer(Math.min(...steps))} and ${integer(Math.max(...steps))}
        and p.timestamp between ${integer(Math.min(...times))} and ${integer(Math.max(...times))}`,
    relations: { stored: { format: 'parquet', files: [await blobs.localPath(project, blob)] } },
    params: keys,
    trusted: true,
    maxRows: mostRows,
  })
  return new Set(
    rows.map(([key, step, timestamp, value]) =>
      idOf({
        key: String(key),
        step: Number(step),
        timestamp: Number(timestamp),
        value: value === null ? 0 : Number(value),
        isNan: value === null ? 1 : 0,
      }),
    ),
  )
}

const nameOf = ({ project, run, blob }: RunFile): string => `${project}/${run}/${blob}`
const idOf = ({ key, step, timestamp, value, isNan }: StoredPoint): string =>
  `${step}/${timestamp}/${value}/${isNan}/${key}`
const integer = (value: number): string => BigInt(Math.trunc(value)).toString()
