import type { ModelSignatureReport, ModelVersionSignature } from '@trivium/contract'
import { asReader, type Reader } from '../../../kernel/db/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { VersionFiles } from '../describe-files.ts'
import { registryErrors } from '../errors.ts'
import { requireVersion } from '../read-models.ts'
import { knownModelKeys } from './model-key.ts'
import { compareWithSigned, type SignedManifest, verifyModelSignature } from './model-signature.ts'
import { instanceModelKey, signedName, signVersion } from './sign-version.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'signingKey' | 'clock'>

/** The stored signature of a version with the keys that this instance signs with; throws REGISTRY.NOT_SIGNED. */
export async function readSignature(
  deps: Deps,
  scope: Scope,
  model: string,
  version: number,
): Promise<ModelVersionSignature> {
  const { db } = deps
  await requireVersion(db.read, scope.project, model, version)
  const row = await signatureRow(db.read, scope.project, model, version)
  if (!row) throw registryErrors.NOT_SIGNED(model, version)
  const keys = await knownModelKeys(db.read, instanceModelKey(deps))
  return {
    bundle: row.bundle,
    keyId: row.key_id,
    signedAt: row.signed_at,
    publicKeys: keys.map(({ keyId, pem }) => ({ keyId, pem })),
  }
}

/** Signs a version that has no signature, such as one of an older server; one that has keeps it. */
export async function signLater(
  deps: Deps,
  scope: Scope,
  model: string,
  version: number,
): Promise<ModelVersionSignature> {
  await deps.db.write.transaction().execute(async (trx) => {
    await signVersion(deps, trx, await requireVersion(asReader(trx), scope.project, model, version))
  })
  return readSignature(deps, scope, model, version)
}

/** Checks the signature, compares what it lists with what the registry lists, and reads every file again. Names all that differs. */
export async function verifyVersion(
  deps: Deps,
  scope: Scope,
  model: string,
  version: number,
): Promise<ModelSignatureReport> {
  const { db, blobs } = deps
  const { project } = scope
  const row = await requireVersion(db.read, project, model, version)
  const files = JSON.parse(row.files) as VersionFiles
  const signature = await signatureRow(db.read, project, model, version)
  const problems: ModelSignatureReport['problems'] = []
  let signed: SignedManifest | undefined
  if (!signature)
    problems.push({ path: null, kind: 'signature', detail: registryErrors.NOT_SIGNED(model, version).message })
  else {
    try {
      signed = verifyModelSignature(signature.bundle, await knownModelKeys(db.read, instanceModelKey(deps)))
      if (signed.name !== signedName(row)) {
        problems.push({ path: null, kind: 'signature', detail: `The signature is that of ${signed.name}.` })
        signed = undefined
      }
    } catch (error) {
      problems.push({ path: null, kind: 'signature', detail: (error as Error).message })
    }
  }
  if (digestOf(files) !== row.artifact_digest)
    problems.push({ path: null, kind: 'list', detail: 'The list of files is not the one that was registered.' })
  if (signed) problems.push(...compareWithSigned(signed.files, files))
  for (const [path, { digest }] of Object.entries(files)) {
    const damage = await damageOf(blobs, project, digest)
    if (damage !== undefined) problems.push({ path, kind: damage.kind, detail: damage.detail })
  }
  return {
    intact: problems.length === 0,
    files: Object.keys(files).length,
    keyId: signed?.keyId ?? null,
    signedAt: signature?.signed_at ?? null,
    problems,
  }
}

/** Reads content to its end: the store compares it with its digest. */
async function damageOf(
  blobs: Kernel['blobs'],
  project: string,
  digest: string,
): Promise<{ kind: 'changed' | 'missing'; detail: string } | undefined> {
  try {
    const { stream } = await blobs.open(project, digest)
    for await (const _piece of stream);
    return undefined
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'BLOB.NOT_FOUND') return { kind: 'missing', detail: 'The object store has lost it.' }
    if (code === 'BLOB.DAMAGED')
      return { kind: 'changed', detail: `The object store holds other bytes than ${digest}.` }
    throw error
  }
}

async function signatureRow(db: Reader, project: string, model: string, version: number) {
  return db
    .selectFrom('model_signature')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
}
