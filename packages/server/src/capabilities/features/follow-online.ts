import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeatureViewDefinition } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { OnlineStore } from '../../kernel/ports/index.ts'
import { windowMs } from './online.ts'
import { pushRecent, tableOf } from './push-rows.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'paths' | 'sequencer' | 'logger' | 'subjects'> & {
  online: OnlineStore
  definitionOf(project: string, view: string): Promise<FeatureViewDefinition>
  slackMs: number
}

/** Brings the rows that were pushed at other servers into the online store of this machine. */
export interface OnlineFollower {
  /** Files with this content came from here: their rows are there already. */
  own(digest: string): void
  /** The rows of a file did not get there: they are brought in as if they came from elsewhere. */
  again(push: { readonly project: string; readonly view: string; readonly digest: string }): void
  start(): void
  /** Brings in what is committed by now. */
  look(): Promise<void>
  stop(): Promise<void>
}

const lookMs = 250
const safetyMs = 2000
const mostOwn = 10_000
const clocksMs = 10 * 60_000
const prefix = tableOf('')

/**
 * The tables of the views tell what is new: each file that was added since the last look. How far we have read is kept beside the online store, so that
 * a server that was away catches up; one that has never looked reads what a lookup can reach.
 */
export function createOnlineFollower(deps: Deps): OnlineFollower {
  const { db, blobs, tables, online, subjects, paths, sequencer, logger, definitionOf, slackMs } = deps
  const stateFile = join(paths.data, 'online', 'followed.json')
  const own = new Set<string>()
  /** Tables that are read from the start once more. */
  const missing = new Set<string>()
  let seen: Record<string, number> | undefined
  let dirty = true
  let looked = 0
  let erasedUntil = 0
  let looking: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopListening = (): void => {}

  /** Keys that were destroyed by another server; clocks differ, and what is destroyed twice is destroyed once. */
  const forgetErased = async (): Promise<void> => {
    const gone = await subjects.erasedSince(Math.max(0, erasedUntil - clocksMs))
    for (const [project, people] of Map.groupBy(gone, (one) => one.project)) online.forget(project, people)
    erasedUntil = Math.max(erasedUntil, ...gone.map(({ at }) => at))
  }

  const lookOnce = async (): Promise<void> => {
    await forgetErased()
    seen ??= await readFile(stateFile, 'utf8').then(
      (text) => JSON.parse(text) as Record<string, number>,
      () => ({}),
    )
    const views = await db.read
      .selectFrom('table_def')
      .select(['project_id', 'id', 'latest_snapshot'])
      .where('id', 'like', `${prefix}%`)
      .execute()
    let changed = false
    for (const { project_id: project, id, latest_snapshot: latest } of views) {
      const key = `${project}/${id}`
      const whole = missing.delete(key)
      const last = whole ? 0 : (seen[key] ?? 0)
      if (latest <= last) continue
      const from = (await isKept(project, id, last + 1)) ? last : 0
      try {
        await take(project, id, from, latest)
      } catch (error) {
        if (whole) missing.add(key)
        throw error
      }
      seen[key] = latest
      changed = true
    }
    if (!changed) return
    await writeFile(`${stateFile}.new`, JSON.stringify(seen))
    await rename(`${stateFile}.new`, stateFile)
  }

  /** Who was away for hours finds that what followed was joined with older rows, and forgotten. */
  const isKept = async (project: string, table: string, snapshot: number): Promise<boolean> => {
    const found = await db.read
      .selectFrom('table_snapshot')
      .select('snapshot')
      .where('project_id', '=', project)
      .where('table_id', '=', table)
      .where('snapshot', '=', snapshot)
      .executeTakeFirst()
    return found !== undefined
  }

  const take = async (project: string, table: string, from: number, to: number): Promise<void> => {
    const view = table.slice(prefix.length)
    const files = await db.read
      .selectFrom('table_file')
      .innerJoin('table_snapshot', (join) =>
        join
          .onRef('table_snapshot.project_id', '=', 'table_file.project_id')
          .onRef('table_snapshot.table_id', '=', 'table_file.table_id')
          .onRef('table_snapshot.snapshot', '=', 'table_file.begin_snapshot'),
      )
      .select(['table_file.digest', 'table_file.max_time', 'table_file.end_snapshot', 'table_snapshot.note'])
      .where('table_file.project_id', '=', project)
      .where('table_file.table_id', '=', table)
      .where('table_file.begin_snapshot', '>', from)
      .where('table_file.begin_snapshot', '<=', to)
      .execute()
    // Rows of a joined file came in others before. Who reads all of it reads what is there now.
    const news = files.filter(
      (file) => !own.has(file.digest) && (from === 0 ? file.end_snapshot === null : file.note !== 'compacted'),
    )
    if (news.length === 0) return
    const definition = await definitionOf(project, view)
    const newest = Math.max(...files.map((file) => file.max_time ?? 0))
    const after = newest - windowMs(definition.window) - slackMs
    for (const { digest } of news)
      await pushRecent(
        { tables, online, subjects },
        { project, view, digest, after },
        definition,
        await blobs.localPath(project, digest),
      )
  }

  const look = (): Promise<void> => {
    looking = looking.catch(() => {}).then(lookOnce)
    return looking
  }
  return {
    own: (digest) => {
      if (own.size >= mostOwn) for (const one of [...own].slice(0, mostOwn / 2)) own.delete(one)
      own.add(digest)
    },
    again: ({ project, view, digest }) => {
      own.delete(digest)
      missing.add(`${project}/${tableOf(view)}`)
      dirty = true
    },
    start: () => {
      stopListening = sequencer.onSealed(() => {
        dirty = true
      })
      timer = setInterval(() => {
        const now = performance.now()
        if (!dirty && now - looked < safetyMs) return
        dirty = false
        looked = now
        void look().catch((error: unknown) =>
          logger.warn({ err: error }, 'rows that were pushed elsewhere could not be taken over; it tries again'),
        )
      }, lookMs)
      timer.unref()
    },
    look,
    stop: async () => {
      clearInterval(timer)
      stopListening()
      await looking.catch(() => {})
    },
  }
}
