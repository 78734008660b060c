import { digestOf } from '../../../kernel/ids/index.ts'

/** One part of a cache key. `value` is what is compared and shown; `files` says what a code digest was made of. */
export interface KeyPart {
  readonly part: string
  readonly value: string
  readonly files?: Readonly<Record<string, string>>
}

/** Changing it forgets every earlier result. */
const keyVersion = '1'

/** SHA-256 over the parts, by name. */
export function cacheKey(parts: readonly KeyPart[]): string {
  return digestOf({ version: keyVersion, parts: Object.fromEntries(parts.map(({ part, value }) => [part, value])) })
}
