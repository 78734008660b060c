import type { Checkpoint } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { artifactFiles } from '../artifacts.ts'
import { requireRun } from '../runs.ts'
import { stepInName } from './step-in-name.ts'
import '../tables.ts'

/** What a run kept of its model, by step; and what lies in the folder but says no step. */
export async function listCheckpoints(
  db: Reader,
  project: string,
  run: string,
  folder: string,
): Promise<{ checkpoints: Checkpoint[]; unnumbered: string[] }> {
  await requireRun(db, project, run)
  const checkpoints: Checkpoint[] = []
  const unnumbered: string[] = []
  const files = await artifactFiles(db, project, { kind: 'run', id: run }, folder)
  const prefix = folder === '' ? '' : `${folder}/`
  const inside = files.filter(({ path }) => path.startsWith(prefix))
  for (const [name, own] of Map.groupBy(inside, ({ path }) => path.slice(prefix.length).split('/', 1)[0] as string)) {
    const step = stepInName(name)
    const path = prefix + name
    if (step === undefined) unnumbered.push(path)
    else checkpoints.push({ step, kind: 'artifact', name: path, uri: `runs:/${run}/${path}`, ...sizeOf(own) })
  }
  for (const model of await outputs(db, project, run)) {
    const uri = `models:/${model.id}`
    // MLflow's client logs step 0 where nobody said one: the model of the end is no checkpoint of the beginning.
    if (model.step === 0) unnumbered.push(uri)
    else {
      const own = await artifactFiles(db, project, { kind: 'logged-model', id: model.id }, '')
      checkpoints.push({ step: model.step, kind: 'logged-model', name: model.name, uri, ...sizeOf(own) })
    }
  }
  return {
    checkpoints: checkpoints.toSorted((a, b) => a.step - b.step || (a.uri < b.uri ? -1 : 1)),
    unnumbered: unnumbered.toSorted(),
  }
}

/** Whether a URI is that of something that the run kept at a step; of a few rows only. */
export async function isCheckpoint(
  db: Reader,
  project: string,
  run: string,
  { uri, step }: { uri: string; step: number },
): Promise<boolean> {
  const path = uri.startsWith(`runs:/${run}/`) ? uri.slice(`runs:/${run}/`.length) : undefined
  if (path === undefined) {
    const models = await outputs(db, project, run)
    return models.some((model) => uri === `models:/${model.id}` && model.step === step && step !== 0)
  }
  if (path === '' || path.endsWith('/') || stepInName(path.split('/').at(-1) as string) !== step) return false
  return (await artifactFiles(db, project, { kind: 'run', id: run }, path)).length > 0
}

async function outputs(
  db: Reader,
  project: string,
  run: string,
): Promise<{ id: string; name: string; step: number }[]> {
  const rows = await db
    .selectFrom('run_model')
    .innerJoin('logged_model', (join) =>
      join
        .onRef('logged_model.project_id', '=', 'run_model.project_id')
        .onRef('logged_model.id', '=', 'run_model.model_id'),
    )
    .select(['logged_model.id', 'logged_model.name', 'run_model.step'])
    .where('run_model.project_id', '=', project)
    .where('run_model.run_id', '=', run)
    .where('run_model.direction', '=', 'output')
    .where('logged_model.lifecycle', '=', 'active')
    .execute()
  return rows.map((row) => ({ ...row, step: Number(row.step) }))
}

const sizeOf = (files: readonly { size: number }[]): { files: number; bytes: number } => ({
  files: files.length,
  bytes: files.reduce((sum, { size }) => sum + Number(size), 0),
})
