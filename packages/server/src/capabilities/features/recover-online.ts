import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeatureViewDefinition } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { ledgerStreams, newestLines } from '../../kernel/ledger/index.ts'
import type { OnlineRow, OnlineStore } from '../../kernel/ports/index.ts'
import { filesAt } from '../../kernel/tables/catalog.ts'
import { windowMs } from './online.ts'
import { type PendingPush, pendingPushes, placeRows, pushRecent, tableOf } from './push-rows.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'paths' | 'subjects'> & {
  online: OnlineStore
  definitionOf(project: string, view: string): Promise<FeatureViewDefinition>
  /** How far before the newest row a lookup may ask. */
  slackMs: number
}

const cleanMark = (data: string): string => join(data, 'online', 'closed')

/** Where a restore says that the online store has to be made from the tables: it is in no backup. */
const rebuildMark = (data: string): string => join(data, 'online', 'rebuild')

/** Says that everything that was pushed is in the online store. */
export async function markClosed({ paths }: Pick<Kernel, 'paths'>): Promise<void> {
  await writeFile(cleanMark(paths.data), '')
}

/**
 * Rows are recorded first and put into the online store second. After a server that was not closed, what it recorded last is put there again: of each
 * ledger's writer the newest segment, and the files whose push was announced. Rows that are there stay as they are.
 */
export async function recoverOnline(deps: Deps): Promise<void> {
  const { db, blobs, tables, paths, online, subjects, definitionOf } = deps
  if (existsSync(rebuildMark(paths.data))) {
    await rebuildOnline(deps)
    await rm(rebuildMark(paths.data))
  }
  const folder = pendingPushes(paths.data)
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    const push = readPending(await readFile(join(folder, name), 'utf8'))
    const files = push ? await filesAt(db.read, push.project, tableOf(push.view)) : []
    if (push && files.some((file) => file.digest === push.digest)) {
      const definition = await definitionOf(push.project, push.view)
      await pushRecent({ tables, online, subjects }, push, definition, await blobs.localPath(push.project, push.digest))
    }
    await rm(join(folder, name))
  }
  const mark = cleanMark(paths.data)
  const wasClosed = existsSync(mark)
  await rm(mark, { force: true })
  if (wasClosed) return
  for (const [, project = '', view = ''] of await ledgerStreams(paths.ledgers, ['features'], 2))
    for await (const lines of newestLines(paths.ledgers, ['features', project, view]))
      await placeRows({ online, subjects }, project, view, lines.toString().trimEnd().split('\n').map(rowOf))
}

/** Puts into the online store what a lookup can reach of every view, out of its table; lines that are in no table yet are put there by the other ways. */
async function rebuildOnline({ db, blobs, tables, online, subjects, definitionOf, slackMs }: Deps): Promise<void> {
  const views = await db.read.selectFrom('feature_view').select(['project_id', 'name']).distinct().execute()
  for (const { project_id: project, name: view } of views) {
    const definition = await definitionOf(project, view)
    const files = await filesAt(db.read, project, tableOf(view))
    const latest = Math.max(...files.map(({ maxTime }) => maxTime))
    const after = latest - windowMs(definition.window) - slackMs
    for (const { digest } of files.filter(({ maxTime }) => maxTime > after))
      await pushRecent(
        { tables, online, subjects },
        { project, view, digest, after },
        definition,
        await blobs.localPath(project, digest),
      )
  }
}

/** Undefined for a note that was cut off: then the push had not begun. */
function readPending(text: string): PendingPush | undefined {
  try {
    return JSON.parse(text) as PendingPush
  } catch {
    return undefined
  }
}

function rowOf(line: string): OnlineRow {
  const { row_id, entity_key, event_time, known_at, ...values } = JSON.parse(line) as Record<string, never>
  return { id: row_id, key: entity_key, eventTime: event_time, knownAt: known_at, values } as unknown as OnlineRow
}
