import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

/** What a sealed text begins with; no text that a person writes does. */
export const sealedMark = '\u0001sbj_'

/** The key of a subject: 32 bytes to encrypt with, and 32 that nonces are derived with. */
export type SubjectKey = Buffer

export const subjectKeyBytes = 64

/** Whether a value was sealed with the key of a subject. */
export const isSealed = (value: unknown): value is string => typeof value === 'string' && value.startsWith(sealedMark)

/** Id of the key that a text was sealed with. */
export function keyIdOf(text: string): string | undefined {
  return isSealed(text) ? text.slice(1, Math.max(text.indexOf(':'), 1)) || undefined : undefined
}

/** What every text begins with that was sealed with a key. */
export const keyMark = (id: string): string => `\u0001${id}:`

/**
 * `\u0001ID:COLUMN:` and AES-256-GCM of the text in base64url (nonce, tag, text), bound to project, key and column. The nonce is derived from key, column and
 * text, so that equal values of one person in one column stay equal, and a nonce comes again only with the same text. Without a key the text is nowhere:
 * what is written holds only whose it was.
 */
export function sealText(
  key: SubjectKey | undefined,
  { project, id, place }: { project: string; id: string; place: string },
  text: string,
): string {
  const column = place.toLowerCase()
  const head = `${keyMark(id)}${encodeURIComponent(column)}:`
  if (!key) return head
  const about = aboutOf(project, id, column)
  const nonce = createHmac('sha256', key.subarray(32)).update(`${about}\0`).update(text).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key.subarray(0, 32), nonce).setAAD(Buffer.from(about))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return head + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
}

/** The text; undefined when it was changed, moved to another project, sealed with another key, or stored as erased. */
export function openText(key: SubjectKey, project: string, sealed: string): string | undefined {
  const [id = '', place = '', body = '', ...more] = sealed.slice(1).split(':')
  const bytes = Buffer.from(body, 'base64url')
  if (bytes.length < 28 || more.length > 0) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.subarray(0, 32), bytes.subarray(0, 12), { authTagLength: 16 })
    decipher.setAAD(Buffer.from(aboutOf(project, id, decodeURIComponent(place))))
    decipher.setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

const aboutOf = (project: string, id: string, column: string): string => `${project}/${id}/${column}`
