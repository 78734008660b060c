import type { DraftEvidence } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { RunTable } from '../tracking/index.ts'
import './tables.ts'

/** Lines of a console that are looked at, from its end. */
const mostLines = 200

/** What a run said last, and where. */
export interface LastError {
  readonly text: string
  readonly from: string
  readonly evidence: DraftEvidence
}

/** The error that a failed run ended with: of its console, else of the step of the pipeline run that started it. */
export async function lastError(db: Reader, project: string, run: RunTable): Promise<LastError | undefined> {
  const evidence: DraftEvidence = { label: `console of ${run.name}`, run: run.id, at: 'log' }
  const line = errorLine(await lastLines(db, project, run.id))
  if (line !== undefined) return { text: line, from: 'its console', evidence }
  const pipelineRun = run.pipeline_run === null ? undefined : parseUrn(run.pipeline_run)
  if (!pipelineRun) return undefined
  const attempt = await db
    .selectFrom('pipeline_attempt')
    .select(['step', 'error'])
    .where('project_id', '=', project)
    .where('run_id', '=', pipelineRun.id)
    .where('error', 'is not', null)
    .orderBy('finished_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  const error = attempt && errorLine((attempt.error ?? '').split('\n'))
  return error === undefined
    ? undefined
    : {
        text: error,
        from: `step ${attempt?.step} of its pipeline run`,
        evidence: { label: `pipeline run of ${run.name}`, run: run.id, at: 'run' },
      }
}

/** The line that names an error, the last of them; else the last line that says anything. */
export function errorLine(lines: readonly string[]): string | undefined {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '')
  return (
    said.findLast((line) => /^[\w.]*(?:Error|Exception|Interrupt|Exit|Killed)\b/.test(line)) ??
    said.findLast((line) => /\b(?:error|exception|killed|out of memory|fatal)\b/i.test(line)) ??
    said.at(-1)
  )
}

async function lastLines(db: Reader, project: string, run: string): Promise<string[]> {
  const stretches = await db
    .selectFrom('run_console')
    .select('content')
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .orderBy('first', 'desc')
    .limit(2)
    .execute()
  return stretches
    .toReversed()
    .flatMap(({ content }) => JSON.parse(content) as [number, string, string][])
    .filter(([, stream]) => stream !== 'system')
    .slice(-mostLines)
    .map(([, , text]) => text)
}
