import { randomBytes } from 'node:crypto'
import { decrypt, encrypt } from './encrypt.ts'
import type { KeyRing } from './key-ring.ts'

/**
 * Keeps small secrets encrypted in the database. Each has a data key of its own (AES-256-GCM), which is wrapped with a key of the vault, so that changing
 * that key wraps again and encrypts nothing anew. `about` is bound to the text: moved to another row it does not open. Call it outside of transactions: a
 * key management service may have to be asked.
 */
export interface Vault {
  seal(secret: string, about: string): Promise<string>
  /** Throws when the text was changed, belongs elsewhere, or was sealed with a key that is not there. */
  open(sealed: string, about: string): Promise<string>
  /** The same text, its data key wrapped with the first key; undefined when it is already. */
  rewrap(sealed: string, about: string): Promise<string | undefined>
}

const version = 'v1'

export function createVault(ring: KeyRing): Vault {
  const openDataKey = async (sealed: string, about: string): Promise<{ dataKey: Buffer; text: string }> => {
    const [found, wrapped = '', text = '', id] = sealed.split('.')
    if (found !== version) throw new Error('This secret was not sealed by this program.')
    const known = id === undefined ? undefined : ring.find(id)
    if (id !== undefined && !known) throw unreadable(about, `vault key "${id}" is not there`)
    // Rows of earlier programs name no key; theirs is one that this process holds.
    const keys = known ? [known] : ring.all().filter((key) => key.source !== 'command')
    for (const key of keys) {
      try {
        return { dataKey: await key.unwrap(wrapped, about), text }
      } catch (error) {
        if (key.source === 'command') throw unreadable(about, (error as Error).message)
      }
    }
    throw unreadable(about)
  }
  const wrapped = async (dataKey: Buffer, text: string, about: string): Promise<string> => {
    const key = ring.current
    return [version, await key.wrap(dataKey, about), text, key.id].join('.')
  }
  return {
    seal: async (secret, about) => {
      const dataKey = randomBytes(32)
      return wrapped(dataKey, encrypt(dataKey, Buffer.from(secret), about), about)
    },
    open: async (sealed, about) => {
      const { dataKey, text } = await openDataKey(sealed, about)
      try {
        return decrypt(dataKey, text, about).toString()
      } catch {
        throw unreadable(about)
      }
    },
    rewrap: async (sealed, about) => {
      if (sealed.endsWith(`.${ring.current.id}`)) return undefined
      const { dataKey, text } = await openDataKey(sealed, about)
      return wrapped(dataKey, text, about)
    },
  }
}

const unreadable = (about: string, why = 'it was changed, or sealed with another vault-key'): Error =>
  new Error(`The secret of ${about} cannot be read: ${why}.`)
