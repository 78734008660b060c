import { referenceFolder, type RunReference, RunReference as RunReferenceSchema } from '@trivium/contract'
import { values } from '../../kernel/libraries/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { artifactFiles, putArtifact } from './artifacts.ts'
import { trackingErrors } from './errors.ts'
import type { TrackingDeps } from './experiments.ts'
import { requireRun } from './runs.ts'

const most = 500
const largest = 16_000

const pathOf = (name: string): string => `${referenceFolder}/${name}.json`

/** Notes an artifact that lies elsewhere as a file of the run, so that it is kept, moved, exported and removed with the others. */
export async function addReference(
  deps: TrackingDeps,
  scope: Scope,
  { run, reference }: { run: string; reference: RunReference },
): Promise<RunReference> {
  const { name, uri, sha256, size } = reference
  const owner = { kind: 'run', id: run } as const
  await requireRun(deps.db.read, scope.project, run)
  const text = Buffer.from(`${JSON.stringify({ name, uri, sha256, size }, null, 1)}\n`)
  const [before] = await artifactFiles(deps.db.read, scope.project, owner, pathOf(name))
  if (before) {
    const { references } = await readReferences(deps, scope, run)
    const found = references.find((one) => one.name === name)
    if (found?.sha256 !== sha256 || found.uri !== uri || found.size !== size)
      throw trackingErrors.REFERENCE_TAKEN(run, name)
    return reference
  }
  await putArtifact(deps, scope, owner, pathOf(name), text)
  return reference
}

/** What a run says of artifacts elsewhere. Any client may have written these files: what is no reference is told and left out. */
export async function readReferences(
  deps: Pick<TrackingDeps, 'db' | 'blobs'>,
  { project }: Scope,
  run: string,
): Promise<{ references: (RunReference & { addedAt: number })[]; problems: string[] }> {
  await requireRun(deps.db.read, project, run)
  const files = await artifactFiles(deps.db.read, project, { kind: 'run', id: run }, referenceFolder)
  const references: (RunReference & { addedAt: number })[] = []
  const problems: string[] = []
  for (const file of files.toSorted((a, b) => b.created_at - a.created_at).slice(0, most)) {
    const found = file.size > largest ? undefined : parsed((await deps.blobs.read(project, file.digest)).toString())
    if (found && pathOf(found.name) === file.path) references.push({ ...found, addedAt: file.created_at })
    else problems.push(`${file.path} is no reference to an artifact.`)
  }
  if (files.length > most) problems.push(`The run has ${files.length} references; the newest ${most} are shown.`)
  return { references: references.toSorted((a, b) => (a.name < b.name ? -1 : 1)), problems }
}

function parsed(text: string): RunReference | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return values().Check(RunReferenceSchema, value) ? (value as RunReference) : undefined
  } catch {
    return undefined
  }
}
