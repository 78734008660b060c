import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock/index.ts'
import type { Database, Reader } from '../db/index.ts'
import { defineErrors } from '../errors/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    signing_key: { key_id: string; public_key: string; added_at: number }
  }
}

export const signingErrors = defineErrors('SIGNING', {
  KEY_UNUSABLE: {
    status: 500,
    message: (where: string) =>
      `The signing key in ${where} is no Ed25519 private key in PEM. Put the right one there; \`openssl genpkey -algorithm ed25519\` makes a new one.`,
  },
})

export interface PublicKey {
  readonly keyId: string
  readonly publicKey: KeyObject
}

/** The instance's Ed25519 key. */
export interface SigningKey extends PublicKey {
  readonly privateKey: KeyObject
}

/** Name of a key: the first 16 hex characters of the SHA-256 of its raw 32 bytes. */
export function keyIdOf(publicKey: KeyObject): string {
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  return createHash('sha256').update(raw).digest('hex').slice(0, 16)
}

/** The key that the configuration holds (several servers of one database share it), else the one in the data directory, which the first start makes with mode 600. */
export function openSigningKey({ pem, dataDirectory }: { pem: string; dataDirectory: string }): SigningKey {
  if (pem !== '') return parseKey(pem, 'the setting signingKey')
  const path = join(dataDirectory, 'signing-key.pem')
  if (!existsSync(path)) makeKey(path)
  return parseKey(readFileSync(path, 'utf8'), path)
}

/** Lets every server of this database know the public key, so that each can check what the others signed. */
export async function registerKey({ db, clock }: { db: Database; clock: Clock }, key: SigningKey): Promise<void> {
  const known = await db.read.selectFrom('signing_key').select('key_id').where('key_id', '=', key.keyId).execute()
  if (known.length > 0) return
  await db.write.transaction().execute((trx) =>
    trx
      .insertInto('signing_key')
      .values({ key_id: key.keyId, public_key: pemOf(key), added_at: clock() })
      .onConflict((c) => c.column('key_id').doNothing())
      .execute(),
  )
}

/** Every key whose checkpoints count. The own one is not taken from the database. */
export async function knownKeys(db: Reader, own: PublicKey): Promise<PublicKey[]> {
  const rows = await db.selectFrom('signing_key').selectAll().execute()
  const others = rows
    .filter((row) => row.key_id !== own.keyId)
    .flatMap((row): PublicKey[] => {
      try {
        return [{ keyId: row.key_id, publicKey: createPublicKey(row.public_key) }]
      } catch {
        return []
      }
    })
  return [own, ...others]
}

export const pemOf = ({ publicKey }: PublicKey): string => publicKey.export({ type: 'spki', format: 'pem' }).toString()

function parseKey(pem: string, where: string): SigningKey {
  try {
    const privateKey = createPrivateKey(pem)
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('another kind of key')
    const publicKey = createPublicKey(privateKey)
    return { privateKey, publicKey, keyId: keyIdOf(publicKey) }
  } catch {
    throw signingErrors.KEY_UNUSABLE(where)
  }
}

/** Appears whole or not at all; of two who make one at once the first wins. */
function makeKey(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const temporary = `${path}.${process.pid}.new`
  rmSync(temporary, { force: true })
  const file = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}
