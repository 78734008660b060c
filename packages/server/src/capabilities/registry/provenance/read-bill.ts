import { orGone } from '../../../kernel/errors/index.ts'
import { parseUrn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { VersionFiles } from '../describe-files.ts'
import { readModelCard } from '../model-card.ts'
import { requireVersion, versionDetail } from '../read-models.ts'
import { type BilledDataset, billOfMaterials } from './bill-of-materials.ts'
import { type PinnedPackage, pinnedPackages } from './lock-packages.ts'
import { documentId, type OriginDeps } from './read-provenance.ts'

const largestLock = 4_000_000
const program = '0.1.0'

/** The bill of materials of a version; the same version gives the same bill as long as nobody adds to its record. */
export async function readBillOfMaterials(
  deps: Pick<Kernel, 'db' | 'blobs'> & OriginDeps,
  scope: Scope,
  model: string,
  version: number,
): Promise<Record<string, unknown>> {
  const { db } = deps
  const detail = await versionDetail(db.read, scope.project, model, version)
  const card = await readModelCard(deps, scope, model, version)
  const datasets: BilledDataset[] = []
  for (const { urn, as } of card.trainingData) {
    const { id, version: number } = parseUrn(urn) ?? {}
    if (id === undefined || number === undefined) continue
    const found = await orGone(() => deps.datasets.version(scope, id, Number(number)))
    const { digest = null, rows = null } = found?.version ?? {}
    datasets.push({ urn, name: id, version: number, as, digest, rows })
  }
  const { packages, from } = await packagesOf(deps, scope, model, version)
  const serial = documentId('ml-bom', detail.urn, detail.artifactDigest)
  return billOfMaterials({ serial, program, version: detail, card, datasets, packages, packagesFrom: from })
}

/** What the environment that made it had installed: the lock file of its pipeline, else the list that the model was logged with. */
async function packagesOf(
  { db, blobs, pipelines }: Pick<Kernel, 'db' | 'blobs'> & OriginDeps,
  scope: Scope,
  model: string,
  version: number,
): Promise<{ packages: PinnedPackage[]; from: string | null }> {
  const { project } = scope
  const row = await requireVersion(db.read, project, model, version)
  const read = async (file: { digest: string; size: number } | undefined): Promise<string | undefined> =>
    file && file.size <= largestLock ? (await blobs.read(project, file.digest)).toString('utf8') : undefined
  const run = row.pipeline_run === null ? undefined : parseUrn(row.pipeline_run)?.id
  if (run !== undefined) {
    const made = await orGone(() => pipelines.run(scope, run))
    const pipeline = made && (await orGone(() => pipelines.get(scope, made.pipeline, made.version)))
    const lock = pipeline?.definition.environment?.lock
    const text = lock === undefined ? undefined : await read(pipeline?.files[lock])
    if (text !== undefined) return { packages: pinnedPackages(text), from: `${pipeline?.urn} ${lock}` }
  }
  const files = JSON.parse(row.files) as VersionFiles
  const path = Object.keys(files).find((one) => one === 'requirements.txt' || one.endsWith('/requirements.txt'))
  const text = path === undefined ? undefined : await read(files[path])
  return text === undefined ? { packages: [], from: null } : { packages: pinnedPackages(text), from: path ?? null }
}
