import { orGone } from '../../kernel/errors/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { OriginDeps } from './provenance/read-provenance.ts'
import type { NewVersion } from './register-version.ts'

/** Whether a dataset is on record that the run behind a version, or a step of the pipeline run that registers it, read. */
export async function readDataset(
  { tracking, pipelines }: Pick<OriginDeps, 'tracking' | 'pipelines'>,
  scope: Scope,
  { source, pipelineRun }: Pick<NewVersion, 'source' | 'pipelineRun'>,
): Promise<boolean> {
  const isDataset = (urn: string | null): boolean => urn !== null && parseUrn(urn)?.kind === 'dataset'
  const { run } = source
  const logged = run === null ? undefined : await orGone(() => tracking.runDetail(scope, run))
  if (logged && (logged.inputs.length > 0 || logged.madeFrom.some(({ urn }) => isDataset(urn)))) return true
  const id = pipelineRun === undefined ? undefined : parseUrn(pipelineRun)?.id
  const made = id === undefined ? undefined : await orGone(() => pipelines.run(scope, id))
  return made?.steps.some(({ inputs }) => inputs.some(({ urn }) => isDataset(urn))) ?? false
}
