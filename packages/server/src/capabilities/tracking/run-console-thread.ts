import type { Reader } from '../../kernel/db/index.ts'
import { requireRun } from './runs.ts'
import type { StoredLine } from './run-console.ts'
import './tables.ts'

const stretchesAtOnce = 32

/** A stretch of a console as finished JSON. Runs on a reader thread. */
export async function runConsoleBytes(
  db: Reader,
  input: { project: string; run: string; from: number; last: number | undefined; limit: number },
): Promise<string> {
  await requireRun(db, input.project, input.run)
  const { total, full } = await endOf(db, input)
  const first = Math.min(total, input.last === undefined ? input.from : Math.max(0, total - input.last))
  const limit = Math.max(input.limit, input.last ?? 0)
  const lines = []
  for await (const [at, stream, text] of linesFrom(db, input, first)) {
    if (lines.length >= limit) break
    lines.push({ at, stream, text })
  }
  return JSON.stringify({ first, lines, total, full })
}

/** The whole console as text. Runs on a reader thread. */
export async function runConsoleText(db: Reader, input: { project: string; run: string }): Promise<string> {
  await requireRun(db, input.project, input.run)
  const lines: string[] = []
  for await (const [, , text] of linesFrom(db, input, 0)) lines.push(`${text}\n`)
  return lines.join('')
}

async function endOf(
  db: Reader,
  { project, run }: { project: string; run: string },
): Promise<{ total: number; full: boolean }> {
  const last = await db
    .selectFrom('run_console')
    .select(['first', 'lines', 'is_full'])
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .orderBy('first', 'desc')
    .limit(1)
    .executeTakeFirst()
  return { total: last ? Number(last.first) + last.lines : 0, full: last?.is_full === 1 }
}

async function* linesFrom(
  db: Reader,
  { project, run }: { project: string; run: string },
  first: number,
): AsyncGenerator<StoredLine> {
  const own = () =>
    db
      .selectFrom('run_console')
      .select(['first', 'content'])
      .where('project_id', '=', project)
      .where('run_id', '=', run)
  const begins = await own().where('first', '<=', first).orderBy('first', 'desc').limit(1).executeTakeFirst()
  for (let from = Number(begins?.first ?? 0); ; ) {
    const rows = await own().where('first', '>=', from).orderBy('first').limit(stretchesAtOnce).execute()
    for (const row of rows) {
      const lines = JSON.parse(row.content) as StoredLine[]
      yield* lines.slice(Math.max(0, first - Number(row.first)))
      from = Number(row.first) + 1
    }
    if (rows.length < stretchesAtOnce) return
  }
}
