import { defineErrors } from '../errors/index.ts'

export const backupErrors = defineErrors('BACKUP', {
  EXISTS: { status: 409, message: (path: string) => `${path} exists already. Name a directory that does not.` },
  NO_DATABASE: {
    status: 404,
    message: (path: string) => `There is no database in ${path}. Name the server's data directory with --data.`,
  },
  NOT_A_BACKUP: { status: 422, message: (path: string, why: string) => `${path} is not a whole backup: ${why}.` },
  DAMAGED: {
    status: 422,
    message: (what: string) => `The backup is damaged: ${what}. Nothing was restored; take another backup.`,
  },
  WRONG_KEY: {
    status: 422,
    message: (path: string, why: string) => `${path} cannot be opened: ${why}. Nothing was restored.`,
  },
  BAD_KEY: { status: 422, message: (why: string) => `The key is not usable: ${why}.` },
  NEEDS_KEY: {
    status: 422,
    message: (path: string) =>
      `${path} is encrypted. Give what opens it with --identity-file, or --passphrase-file where it was made with a passphrase.`,
  },
  OTHER_SCHEMA: {
    status: 409,
    message: (version: string, what: string) =>
      `The backup was made by version ${version}, whose database differs (${what}). Restore it with that version, then upgrade.`,
  },
  NO_SUBJECT_KEYS: {
    status: 422,
    message: (file: string, why: string) => `${file} gives no keys of people: ${why}. Nothing was restored.`,
  },
  BAD_ERASURES: {
    status: 422,
    message: (file: string, why: string) => `The erasures in ${file} cannot be read: ${why}. Nothing was restored.`,
  },
  NO_ERASURES: {
    status: 409,
    message: () =>
      'With the keys of people every erasure since the backup has to be repeated, and nothing tells of them. Name the place that is replaced with --replaces, or a file with --erasures (`erasures.jsonl` of the data directory, or what `trivium subjects erasures --file` wrote). If nobody was erased since, say --no-later-erasures.',
  },
  NOT_EMPTY: {
    status: 409,
    message: (what: string) => `${what} is not empty. A backup is restored into an empty place only.`,
  },
  DIFFERS: {
    status: 500,
    message: (table: string) =>
      `Table ${table} came out differently than it went in. The restored data must not be used.`,
  },
})
