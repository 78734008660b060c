import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Trx } from '../../kernel/db/index.ts'
import { asReader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { dropCommitted, ingestLedger, ledgerStreams, type LedgerTable } from '../../kernel/ledger/index.ts'
import { latestSnapshot } from '../../kernel/tables/catalog.ts'
import { labelColumns, labelStream, labelTable } from './label-table.ts'
import { sealLabels } from './seal-labels.ts'
import { sealPredictions } from './seal-predictions.ts'
import { forgetWaiting } from './waiting-labels.ts'
import { predictionShape, predictionStream, predictionTable } from './prediction-table.ts'

type Deps = Pick<
  Kernel,
  'db' | 'clock' | 'events' | 'watermark' | 'blobs' | 'tables' | 'paths' | 'logger' | 'replicas' | 'subjects'
>

export type Ledger = 'predictions' | 'labels'

/** Makes what the gateway and the label routes appended visible in tables. */
export interface LedgerCommits {
  /** Commits one stream up to here. */
  commit(ledger: Ledger, project: string, deployment: string): Promise<void>
  /** Commits the predictions up to here and removes the segments that nobody writes to any more. */
  flush(project: string, deployment: string): Promise<void>
  close(): void
}

const pollMs = 1000
const lookForOldMs = 60_000

export function createLedgerCommits(deps: Deps): LedgerCommits {
  const { watermark, paths, logger } = deps
  /** Segments of each stream at the last commit: a look at their sizes tells whether there is anything to do. */
  const committed = new Map<string, string>()
  const droppedAt = new Map<string, number>()
  let polling = false
  let closed = false

  /** The newest segment may still be written to when it is committed. What it holds is not sealed, so it goes once its writer has begun another or has long been silent. */
  const drop = async (key: string, stream: readonly string[]): Promise<void> => {
    droppedAt.set(key, performance.now())
    if ((await dropCommitted({ db: deps.db, root: paths.ledgers, stream })) > 0)
      committed.set(key, await segmentsOf(paths.ledgers, stream))
  }

  const commit: LedgerCommits['commit'] = async (ledger, project, deployment) => {
    const stream = ledger === 'predictions' ? predictionStream(project, deployment) : labelStream(project, deployment)
    const key = stream.join('/')
    const segments = await segmentsOf(paths.ledgers, stream)
    if (segments === (committed.get(key) ?? '')) {
      if (segments !== '' && performance.now() - (droppedAt.get(key) ?? 0) > lookForOldMs) await drop(key, stream)
      return
    }
    await ingestLedger(
      deps,
      ledger === 'predictions' ? predictions(deps, project, deployment) : labels(deps, project, deployment),
    )
    committed.set(key, segments)
  }

  const commitAll = async (project?: string): Promise<string[]> => {
    const problems: string[] = []
    for (const ledger of ['predictions', 'labels'] as const) {
      const streams = await ledgerStreams(
        paths.ledgers,
        project === undefined ? [ledger] : [ledger, project],
        project === undefined ? 2 : 1,
      )
      for (const [, owner = '', deployment = ''] of streams) {
        try {
          await commit(ledger, owner, deployment)
        } catch (error) {
          if (closed) return []
          logger.warn(
            { err: error, project: owner, deployment },
            `${ledger} could not be committed; they will be tried again`,
          )
          problems.push(`the ${ledger} of ${deployment} are not committed yet: ${(error as Error).message}`)
        }
      }
    }
    return problems
  }

  // The gateway is another process: looking is the only way to learn that it wrote.
  const timer = setInterval(() => {
    if (polling) return
    polling = true
    void commitAll()
      .catch((error) => closed || logger.warn({ err: error }, 'ledgers could not be read; they will be tried again'))
      .finally(() => {
        polling = false
      })
  }, pollMs)
  timer.unref()
  watermark.addBlocker(commitAll)
  deps.replicas.onFlush(async () => {
    const [problem] = await commitAll()
    if (problem !== undefined) throw new Error(problem)
  })
  return {
    commit,
    flush: async (project, deployment) => {
      await commit('predictions', project, deployment)
      const stream = predictionStream(project, deployment)
      await drop(stream.join('/'), stream)
    },
    close: () => {
      closed = true
      clearInterval(timer)
    },
  }
}

/** The segments of a stream with their sizes, as one text. */
async function segmentsOf(root: string, stream: readonly string[]): Promise<string> {
  const directory = join(root, ...stream.map(encodeURIComponent))
  const found: string[] = []
  try {
    for (const writer of await readdir(directory))
      for (const file of await readdir(join(directory, writer)))
        found.push(`${writer}/${file}:${(await stat(join(directory, writer, file))).size}`)
  } catch (error) {
    // A segment that was dropped meanwhile was committed; the next look sees the others.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    if (found.length > 0) found.push('changing')
  }
  return found.join(' ')
}

function predictions(deps: Deps, project: string, deployment: string): LedgerTable {
  return {
    project,
    stream: predictionStream(project, deployment),
    table: predictionTable(deployment),
    lines: [],
    select: '',
    shapeOf: (file) => predictionShape(deps, { project, deployment }, file),
    seal: async (rows, to) => {
      const sealed = await sealPredictions(deps, project, rows, to)
      const file = sealed ? to : rows.path
      await forgetWaiting(
        deps,
        { project, deployment },
        { format: 'parquet', files: [file], columns: [...rows.columns] },
      )
      return sealed
    },
    timeColumn: 'event_time',
    onCommitted: (trx, batch) => announce(deps, trx, 'predictions', project, deployment, batch),
  }
}

function labels(deps: Deps, project: string, deployment: string): LedgerTable {
  return {
    project,
    stream: labelStream(project, deployment),
    table: labelTable(deployment),
    lines: labelColumns,
    select: 'select * from lines order by event_time, id',
    seal: (rows, to) => sealLabels(deps, { project, deployment }, rows, to),
    timeColumn: 'event_time',
    onCommitted: (trx, batch) => announce(deps, trx, 'labels', project, deployment, batch),
  }
}

/**
 * The one event of a batch: how many rows, of which times, and the digest of their file; of labels that were a while on their way also the id of the first, as
 * later ones may be visible already.
 */
export async function announce(
  { events }: Pick<Kernel, 'events'>,
  trx: Trx,
  ledger: Ledger,
  project: string,
  deployment: string,
  batch: { rows: number; digest: string; minTime: number; maxTime: number; snapshot: number; firstId?: string },
): Promise<void> {
  const count = async (table: string) => (await latestSnapshot(asReader(trx), project, table))?.rows ?? 0
  const predicted = (await count(predictionTable(deployment))).toLocaleString('en-GB')
  const labelled = (await count(labelTable(deployment))).toLocaleString('en-GB')
  await events.append(trx, {
    project,
    name: `${ledger}.committed`,
    schema: 1,
    by: 'system:outcomes',
    subject: urn(project, 'deployment', deployment),
    refs: [],
    eventTime: batch.maxTime,
    data: { deployment, ...batch, fact: `${predicted} predictions, ${labelled} labels` },
  })
}
