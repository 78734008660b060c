import { readFileSync } from 'node:fs'
import type { BackupKey, BackupLock } from './drivers/backup-age/backup-age.ts'
import { backupErrors } from './kernel/backup/index.ts'

const shortestPassphrase = 12

/** For whom a backup is encrypted, from what a command was given; undefined when nothing was. Files hold one recipient a line, or a passphrase alone. */
export function backupLock(given: {
  encryptTo?: readonly string[]
  recipientsFile?: string
  passphraseFile?: string
}): BackupLock | undefined {
  const recipients = [
    ...(given.encryptTo ?? []),
    ...(given.recipientsFile === undefined ? [] : linesOf(given.recipientsFile)),
  ]
  if (given.passphraseFile === undefined) {
    if (given.recipientsFile !== undefined && recipients.length === 0)
      throw backupErrors.BAD_KEY(`${given.recipientsFile} holds no recipient`)
    return recipients.length === 0 ? undefined : { recipients }
  }
  if (recipients.length > 0) throw backupErrors.BAD_KEY('give recipients or a passphrase, not both')
  const passphrase = passphraseIn(given.passphraseFile)
  if (passphrase.length < shortestPassphrase)
    throw backupErrors.BAD_KEY(
      `the passphrase in ${given.passphraseFile} has fewer than ${shortestPassphrase} characters`,
    )
  return { passphrase }
}

/** What opens an encrypted backup, from what a command was given; undefined when nothing was. */
export function backupKey(given: { identityFile?: string; passphraseFile?: string }): BackupKey | undefined {
  if (given.passphraseFile !== undefined) return { passphrase: passphraseIn(given.passphraseFile) }
  if (given.identityFile === undefined) return undefined
  const identities = linesOf(given.identityFile)
  if (identities.length === 0) throw backupErrors.BAD_KEY(`${given.identityFile} holds no identity`)
  return { identities }
}

const passphraseIn = (file: string): string => read(file).replace(/\r?\n$/, '')

/** Lines that say something; `#` begins a comment, as `age-keygen` writes them. */
const linesOf = (file: string): string[] =>
  read(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw backupErrors.BAD_KEY(`${file} cannot be read: ${(error as Error).message}`)
  }
}
