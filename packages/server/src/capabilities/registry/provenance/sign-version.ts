import type { Trx } from '../../../kernel/db/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { VersionFiles } from '../describe-files.ts'
import type { ModelVersionTable } from '../tables.ts'
import { modelKeyOf, type ModelKey, registerModelKey } from './model-key.ts'
import { signModel } from './model-signature.ts'

const keys = new WeakMap<object, ModelKey>()

/** The instance's key for models; derived once. */
export function instanceModelKey({ signingKey }: Pick<Kernel, 'signingKey'>): ModelKey {
  const known = keys.get(signingKey)
  if (known) return known
  const key = modelKeyOf(signingKey)
  keys.set(signingKey, key)
  return key
}

/** The name that a signature gives a version. */
export const signedName = ({ model, version }: Pick<ModelVersionTable, 'model' | 'version'>): string =>
  `${model}@${version}`

/** Signs the files of a version, in the transaction that keeps it. A version that is signed stays as it is. */
export async function signVersion(
  deps: Pick<Kernel, 'signingKey' | 'clock'>,
  trx: Trx,
  row: Pick<ModelVersionTable, 'project_id' | 'model' | 'version' | 'files'>,
): Promise<void> {
  const key = instanceModelKey(deps)
  const at = deps.clock()
  await registerModelKey(trx, key, at)
  await trx
    .insertInto('model_signature')
    .values({
      project_id: row.project_id,
      model: row.model,
      version: row.version,
      key_id: key.keyId,
      bundle: signModel(key, signedName(row), JSON.parse(row.files) as VersionFiles),
      signed_at: at,
    })
    .onConflict((c) => c.columns(['project_id', 'model', 'version']).doNothing())
    .execute()
}
