import type { RunConsoleLine } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import type { TrackingDeps } from './experiments.ts'
import { requireActiveRun } from './runs.ts'
import type { RunConsoleTable } from './tables.ts'

/** Characters of text that a console holds. */
export const consoleLimit = 8_000_000
/** A stretch that is smaller takes what comes next, so that a run of days has few. */
const stretch = 32_768

/** A line as it is stored. */
export type StoredLine = readonly [at: number, stream: RunConsoleLine['stream'], text: string]

/** Adds lines to the console of a run and says which line comes next. Lines that are there stay as they are. */
export async function addConsole(
  deps: TrackingDeps,
  scope: Scope,
  run: string,
  { first, lines }: { first: number; lines: readonly RunConsoleLine[] },
  limit = consoleLimit,
): Promise<{ next: number; full: boolean }> {
  const { project } = scope
  const added = await deps.db.write.transaction().execute(async (trx) => {
    await requireActiveRun(trx, project, run)
    const last = await lastStretch(trx, project, run)
    const next = last === undefined ? 0 : Number(last.first) + last.lines
    if (last?.is_full === 1) return { next, full: true, changed: false }
    if (first > next) throw trackingErrors.CONSOLE_GAP(first, next)
    const { taken, full } = takeLines(lines.slice(next - first), limit - (last ? last.size_before + last.size : 0))
    if (taken.length === 0) return { next, full, changed: false }
    await writeStretch(trx, last, { project, run, next, taken, full })
    return { next: next + taken.length, full, changed: true }
  })
  if (added.changed) deps.volatile.publish(project, 'run.console', { run, next: added.next })
  return { next: added.next, full: added.full }
}

async function lastStretch(trx: Trx, project: string, run: string): Promise<RunConsoleTable | undefined> {
  return asReader(trx)
    .selectFrom('run_console')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .orderBy('first', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** As many lines as there is room for; where some are left out, a line says so. */
function takeLines(lines: readonly RunConsoleLine[], room: number): { taken: StoredLine[]; full: boolean } {
  const taken: StoredLine[] = []
  let left = room
  for (const { at, stream, text } of lines) {
    left -= text.length
    if (left < 0) {
      taken.push([at, 'system', 'The console is full: what the run wrote after this line was not kept.'])
      return { taken, full: true }
    }
    taken.push([at, stream, text])
  }
  return { taken, full: false }
}

async function writeStretch(
  trx: Trx,
  last: RunConsoleTable | undefined,
  {
    project,
    run,
    next,
    taken,
    full,
  }: { project: string; run: string; next: number; taken: StoredLine[]; full: boolean },
): Promise<void> {
  const size = taken.reduce((sum, [, , text]) => sum + text.length, 0)
  const is_full = full ? 1 : 0
  if (last && last.size < stretch) {
    const content = JSON.stringify([...(JSON.parse(last.content) as StoredLine[]), ...taken])
    await trx
      .updateTable('run_console')
      .set({ lines: last.lines + taken.length, size: last.size + size, is_full, content })
      .where('project_id', '=', project)
      .where('run_id', '=', run)
      .where('first', '=', last.first)
      .execute()
    return
  }
  await trx
    .insertInto('run_console')
    .values({
      project_id: project,
      run_id: run,
      first: next,
      lines: taken.length,
      size,
      size_before: last ? last.size_before + last.size : 0,
      is_full,
      content: JSON.stringify(taken),
    })
    .execute()
}
