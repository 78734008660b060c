import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../kernel/errors/index.ts'
import type {
  DescribedTable,
  TableCallOptions,
  TableEngine,
  TableFormat,
  TableQuery,
  TableResult,
  WrittenTable,
} from '../../kernel/ports/table-engine.ts'
import { tablesErrors } from '../../kernel/tables/table-errors.ts'
import { requireAllowedPath } from './allowed-path.ts'
import { parseMemory } from '../../kernel/config/index.ts'
import { createProcessPool, type ProcessPool } from './process-pool.ts'
import { childDirPrefix } from './start-child.ts'

const queryTimeoutMs = 60_000
const longTimeoutMs = 600_000
const mostResident: Record<TablesProcess, number> = {
  house: 320 * 2 ** 20,
  guest: 256 * 2 ** 20,
  inspector: 256 * 2 ** 20,
}

export type TableEngineOptions = {
  /** For intermediate results that do not fit into memory. The engine's own: leftovers of killed processes in it are removed. */
  tempDir: string
  /** Memory for trusted SQL, such as `1GB`. Processes for SQL of people and for unknown files get half and a quarter of it in addition, while they live. */
  memoryLimit: string
  /** Disk space under `tempDir`, for each of the three. Default 20GB. */
  maxTempSize?: string
  /** Threads of one process. Default 2. */
  threads?: number
  /** Trusted queries at the same time. Default 4. */
  slots?: number
  /** A process without work ends after this time. Default 30 s. */
  idleMs?: number
  /** Calls that may wait for a slot. Default 1000. */
  maxWaiting?: number
  /** Resident memory that a process may keep after a call, in bytes. Default 320 MiB for trusted SQL, 256 MiB for the other two. */
  mostResident?: number
  /** A process is not replaced for its memory before this time. Default 10 s. */
  leastAgeMs?: number
  /** Calls of trusted SQL after which DuckDB forgets all files. Default 1000. */
  callsOfEngine?: number
  /** Absolute directories that hold all files that are read or written. */
  allowedDirs: string[]
  /** Told when a process ended by itself. */
  onCrash?: (crash: { process: TablesProcess; how: string }) => void
}

/** `house`: SQL of ours. `guest`: SQL of people. `inspector`: files that nobody has vouched for, one at a time. */
export type TablesProcess = 'house' | 'guest' | 'inspector'

/** The port, and which processes it has at the moment. */
export type DuckTableEngine = TableEngine & { processes: () => { process: TablesProcess; pid: number }[] }

/** A `TableEngine` on DuckDB in child processes that start on demand. */
export function createTableEngine(options: TableEngineOptions): DuckTableEngine {
  const {
    tempDir,
    allowedDirs,
    threads = 2,
    slots = 4,
    idleMs = 30_000,
    maxTempSize = '20GB',
    maxWaiting = 1000,
  } = options
  const memory = parseMemory(options.memoryLimit)
  const guestSlots = Math.min(slots, 2)
  let prepared: Promise<void> | undefined

  function pool(
    process: TablesProcess,
    isolation: 'shared' | 'sealed',
    slots: number,
    threads: number,
    bytes: number,
  ): ProcessPool {
    return createProcessPool({
      settings: {
        isolation,
        threads,
        callsOfEngine: options.callsOfEngine ?? 1000,
        memoryLimit: `${Math.floor(bytes / 1e6)}MB`,
        maxTempSize,
        allowedDirs,
      },
      tempDir,
      slots,
      idleMs,
      maxWaiting,
      mostResident: options.mostResident ?? mostResident[process],
      leastAgeMs: options.leastAgeMs,
      onCrash: (how) => options.onCrash?.({ process, how }),
    })
  }
  const pools: Record<TablesProcess, ProcessPool> = {
    house: pool('house', 'shared', slots, threads, memory),
    guest: pool('guest', 'sealed', guestSlots, threads, memory / 2 / guestSlots),
    inspector: pool('inspector', 'sealed', 1, 1, memory / 4),
  }
  const poolFor = (query: TableQuery) => (query.trusted ? pools.house : pools.guest)

  function prepare(): Promise<void> {
    prepared ??= prepareTempDir(tempDir).catch((error: Error) => {
      prepared = undefined
      throw tablesErrors.UNAVAILABLE(error.message)
    })
    return prepared
  }

  async function requireAllowed(query: TableQuery, ...more: string[]): Promise<void> {
    for (const relation of Object.values(query.relations)) {
      for (const file of relation.files) requireAllowedPath(file, allowedDirs)
    }
    for (const path of more) requireAllowedPath(path, allowedDirs)
    await prepare()
  }

  return {
    async query(query, call = {}) {
      await requireAllowed(query)
      return (await poolFor(query).run({ kind: 'query', query }, { timeoutMs: queryTimeoutMs, ...call })) as TableResult
    },

    async write({ output, ...query }, call = {}) {
      await requireAllowed(query, output.path)
      const partial = `${output.path}.${randomBytes(6).toString('hex')}.partial`
      try {
        const written = await poolFor(query).run(
          { kind: 'write', query, output: { ...output, partial } },
          { timeoutMs: longTimeoutMs, ...call },
        )
        return written as WrittenTable
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },

    async describe({ path, format, name = basename(path) }, call: TableCallOptions = {}) {
      requireAllowedPath(path, allowedDirs)
      await prepare()
      const inspect = () =>
        pools.inspector.run({ kind: 'describe', file: { path, format } }, { timeoutMs: longTimeoutMs, ...call })
      try {
        return (await inspect().catch((error) =>
          isRestarted(error) ? inspect() : Promise.reject(error),
        )) as DescribedTable
      } catch (error) {
        throw asUnreadable(error, name, format)
      }
    },

    async close() {
      await Promise.all(Object.values(pools).map((pool) => pool.close()))
    },

    processes() {
      return (Object.entries(pools) as [TablesProcess, ProcessPool][]).flatMap(([process, pool]) => {
        const pid = pool.pid()
        return pid === undefined ? [] : [{ process, pid }]
      })
    },

    replaced: () =>
      (Object.entries(pools) as [TablesProcess, ProcessPool][]).map(([process, pool]) => ({
        process,
        count: pool.replaced(),
      })),
  }
}

const formatNames: Record<TableFormat, string> = { parquet: 'Parquet', csv: 'CSV', ndjson: 'JSON lines' }

const isRestarted = (error: unknown) => error instanceof AppError && error.code === 'TABLES.RESTARTED'

/** Only one file is inspected at a time, so when the process ends under it twice, the file is why; unless it was killed, which comes from outside. */
function asUnreadable(error: unknown, name: string, format: TableFormat): unknown {
  if (!(error instanceof AppError)) return error
  if (error.code === 'TABLES.QUERY_FAILED') {
    return tablesErrors.UNREADABLE_FILE(name, formatNames[format], withoutSql(error.message))
  }
  if (isRestarted(error) && !/SIGKILL|SIGTERM/.test(error.message)) {
    return tablesErrors.UNREADABLE_FILE(name, formatNames[format], 'reading it ended the process that reads it.')
  }
  return error
}

async function prepareTempDir(tempDir: string): Promise<void> {
  await mkdir(tempDir, { recursive: true, mode: 0o700 })
  const left = (await readdir(tempDir)).filter((entry) => entry.startsWith(childDirPrefix))
  await Promise.all(left.map((entry) => rm(join(tempDir, entry), { recursive: true, force: true })))
}

/** DuckDB quotes the statement that it stumbled on; here that is ours and helps nobody. */
function withoutSql(message: string): string {
  return message
    .replace(/^The query failed: /, '')
    .replace(/\n+LINE \d+:[\s\S]*$/, '')
    .trim()
}
