import { createECDH, createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { asReader, type Reader, type Trx } from '../../../kernel/db/index.ts'
import type { SigningKey } from '../../../kernel/events/index.ts'

/** A key that checks signatures of models. */
export interface ModelPublicKey {
  /** SHA-256 of the key in PEM: what bundles call their hint. */
  readonly keyId: string
  readonly publicKey: KeyObject
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string
}

/** The key that signs models. */
export interface ModelKey extends ModelPublicKey {
  readonly privateKey: KeyObject
}

const purpose = 'trivium model signature P-256 v1'
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * The instance's key for models: P-256, which verifiers of model signatures ask for, derived from its Ed25519 signing key. So there is one secret to keep,
 * and servers that share it sign alike.
 */
export function modelKeyOf({ privateKey }: Pick<SigningKey, 'privateKey'>): ModelKey {
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32)
  // 384 bits leave no bias worth speaking of when they are reduced to the order of the curve.
  const wide = BigInt(`0x${Buffer.from(hkdfSync('sha256', seed, '', purpose, 48)).toString('hex')}`)
  const scalar = Buffer.from(((wide % (order - 1n)) + 1n).toString(16).padStart(64, '0'), 'hex')
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(scalar)
  const point = curve.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: scalar.toString('base64url'),
  }
  const own = createPrivateKey({ key: jwk, format: 'jwk' })
  return { ...publicModelKey(createPublicKey(own)), privateKey: own }
}

/** Reads a public key in PEM; throws where it is none on a curve that model signatures use. */
export function parseModelKey(pem: string): ModelPublicKey {
  const publicKey = createPublicKey(pem)
  const curve = publicKey.asymmetricKeyDetails?.namedCurve
  if (curve !== 'prime256v1' && curve !== 'secp384r1' && curve !== 'secp521r1')
    throw new Error('It is no elliptic-curve key on P-256, P-384 or P-521.')
  return publicModelKey(publicKey)
}

function publicModelKey(publicKey: KeyObject): ModelPublicKey {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { keyId: createHash('sha256').update(pem).digest('hex'), publicKey, pem }
}

/** Lets every server, and whoever restores the database, know the public key. */
export async function registerModelKey(trx: Trx, key: ModelPublicKey, at: number): Promise<void> {
  const known = await asReader(trx)
    .selectFrom('model_signing_key')
    .select('key_id')
    .where('key_id', '=', key.keyId)
    .executeTakeFirst()
  if (known) return
  await trx
    .insertInto('model_signing_key')
    .values({ key_id: key.keyId, public_key: key.pem, added_at: at })
    .onConflict((c) => c.column('key_id').doNothing())
    .execute()
}

/** Every key that this instance has signed models with; the own one is not taken from the database. */
export async function knownModelKeys(db: Reader, own: ModelPublicKey): Promise<ModelPublicKey[]> {
  const rows = await db.selectFrom('model_signing_key').selectAll().orderBy('added_at').execute()
  const others = rows.flatMap((row) => {
    try {
      const key = parseModelKey(row.public_key)
      return key.keyId === own.keyId ? [] : [key]
    } catch {
      return []
    }
  })
  return [own, ...others]
}
