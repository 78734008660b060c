import { hash, randomBytes } from 'node:crypto'

/** A new random secret (256 bits); the prefix lets secret scanners know it. Only its hash is stored. */
export function newSecret(prefix: 'trv' | 'trs' | 'trl' | 'tri'): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`
}

/** What is stored of a secret. It is looked up by its hash, so that comparing takes the same time for every wrong guess. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}
