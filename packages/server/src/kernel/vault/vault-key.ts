import { createHash } from 'node:crypto'
import { decrypt, encrypt } from './encrypt.ts'

/** A key that the data keys of secrets are wrapped with. Its id says which one wrapped a row, and nothing about the key. */
export interface VaultKey {
  readonly id: string
  readonly source: 'file' | 'setting' | 'command'
  wrap(dataKey: Buffer, about: string): Promise<string>
  unwrap(wrapped: string, about: string): Promise<Buffer>
}

/** A key of 32 bytes that this process holds. */
export function localKey(key: Buffer, source: 'file' | 'setting'): VaultKey {
  return {
    id: idOf('k', key),
    source,
    wrap: async (dataKey, about) => encrypt(key, dataKey, about),
    unwrap: async (wrapped, about) => decrypt(key, wrapped, about),
  }
}

/** Reads keys of 32 bytes in base64, separated by commas, spaces or lines; undefined when one of them is none. */
export function parseKeys(text: string): Buffer[] | undefined {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'base64'))
  return keys.length > 0 && keys.every((key) => key.length === 32) ? keys : undefined
}

export const idOf = (prefix: string, about: string | Buffer): string =>
  `${prefix}${createHash('sha256').update('trivium vault key').update(about).digest('hex').slice(0, 12)}`
