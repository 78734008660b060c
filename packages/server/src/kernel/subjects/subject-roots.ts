import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../clock/index.ts'
import type { Database } from '../db/index.ts'
import type { Vault } from '../vault/index.ts'
import './tables.ts'

/** What the root key of a project does: it hides who a subject is, and wraps the keys of subjects. */
export interface SubjectRoot {
  hash(subject: string): string
  wrap(key: Buffer, about: string): string
  /** Throws for what was changed or belongs elsewhere. */
  unwrap(wrapped: string, about: string): Buffer
}

const version = 's1.'
const placeOf = (project: unknown): string => `subject-root/${String(project)}`

/** Where the vault finds what it has sealed here, when its own key is changed. */
export const sealedRoots = {
  table: 'subject_root',
  column: 'sealed',
  key: ['project_id'],
  about: (row: Readonly<Record<string, unknown>>) => placeOf(row['project_id']),
} as const

/** Roots of projects, by project. They never change, so they stay in memory; the keys of subjects, which are destroyed, do not. */
export function createSubjectRoots({ db, clock, vault }: { db: Database; clock: Clock; vault: Vault }): {
  /** Makes it where there is none. */
  rootOf: (project: string) => Promise<SubjectRoot>
  /** As it is, in base64; undefined where there is none. */
  raw: (project: string) => Promise<string | undefined>
} {
  const known = new Map<string, Promise<SubjectRoot>>()
  const opened = new Map<string, string>()
  const look = (project: string): Promise<string | undefined> =>
    db.read
      .selectFrom('subject_root')
      .select('sealed')
      .where('project_id', '=', project)
      .executeTakeFirst()
      .then((row) => row?.sealed)
  const load = async (project: string): Promise<SubjectRoot> => {
    let sealed = await look(project)
    if (sealed === undefined) {
      const fresh = await vault.seal(randomBytes(32).toString('base64'), placeOf(project))
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('subject_root')
          .values({ project_id: project, sealed: fresh, made_at: clock() })
          .onConflict((c) => c.column('project_id').doNothing())
          .execute(),
      )
      // Another server may have been first.
      sealed = (await look(project)) ?? fresh
    }
    return openRoot(Buffer.from(await vault.open(sealed, placeOf(project)), 'base64'))
  }
  return {
    rootOf: (project) => {
      let found = known.get(project)
      if (!found) {
        found = load(project)
        known.set(project, found)
        found.catch(() => known.delete(project))
      }
      return found
    },
    raw: async (project) => {
      const before = opened.get(project)
      if (before !== undefined) return before
      const sealed = await look(project)
      if (sealed === undefined) return undefined
      const root = await vault.open(sealed, placeOf(project))
      opened.set(project, root)
      return root
    },
  }
}

/** The two keys that a root stands for. */
export function openRoot(root: Buffer): SubjectRoot {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', root, '', `trivium subject ${use}`, 32))
  const [names, keys] = [derive('names'), derive('keys')]
  return {
    hash: (subject) => createHmac('sha256', names).update(subject).digest('hex'),
    wrap: (key, about) => {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keys, nonce).setAAD(Buffer.from(about))
      const body = Buffer.concat([cipher.update(key), cipher.final()])
      return version + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
    },
    unwrap: (wrapped, about) => {
      if (!wrapped.startsWith(version)) throw new Error('This key was not wrapped by this program.')
      const bytes = Buffer.from(wrapped.slice(version.length), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', keys, bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
    },
  }
}
