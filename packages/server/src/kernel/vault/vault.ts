import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configErrors } from '../config/index.ts'

/**
 * Keeps small secrets encrypted in the database. Each has a data key of its own (AES-256-GCM), which is wrapped with the key of the instance, so that
 * changing that key wraps again and encrypts nothing anew. `about` is bound to the text: moved to another row it does not open.
 */
export interface Vault {
  seal(secret: string, about: string): string
  /** Throws when the text was changed, belongs elsewhere, or was sealed with another key. */
  open(sealed: string, about: string): string
}

const version = 'v1'
const keyFile = 'vault-key'

/** The instance's key: 32 bytes, base64, from a setting or made at the first start and kept in the data directory with mode 600. */
export function vaultKey({ setting, data }: { setting: string; data: string }): Buffer {
  if (setting !== '') {
    const key = Buffer.from(setting, 'base64')
    if (key.length !== 32)
      throw configErrors.BAD_VALUE(
        'vaultKey',
        'the configuration',
        'must be 32 bytes in base64, as "openssl rand -base64 32" makes them',
      )
    return key
  }
  const path = join(data, keyFile)
  if (!existsSync(path))
    try {
      writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  const key = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (key.length !== 32) throw new Error(`${path} does not hold a key of 32 bytes. Restore it from a backup.`)
  return key
}

export function createVault(key: Buffer): Vault {
  return {
    seal: (secret, about) => {
      const dataKey = randomBytes(32)
      return [version, encrypt(key, dataKey, about), encrypt(dataKey, Buffer.from(secret), about)].join('.')
    },
    open: (sealed, about) => {
      const [found, wrapped = '', text = ''] = sealed.split('.')
      if (found !== version) throw new Error('This secret was not sealed by this program.')
      try {
        return decrypt(decrypt(key, wrapped, about), text, about).toString()
      } catch {
        throw new Error(`The secret of ${about} cannot be read: it was changed, or sealed with another vault-key.`)
      }
    },
  }
}

function encrypt(key: Buffer, text: Buffer, about: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(about))
  const body = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
}

function decrypt(key: Buffer, sealed: string, about: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(about))
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
}
