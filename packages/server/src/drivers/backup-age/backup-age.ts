import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { type BackupFiles, backupErrors, hashedStream, opened, writeFileAt } from '../../kernel/backup/index.ts'

/** For whom a backup is encrypted. `workFactor` is the base-2 logarithm of scrypt's cost, 18 unless somebody (a test) cannot wait a second. */
export type BackupLock =
  | { readonly recipients: readonly string[] }
  | { readonly passphrase: string; readonly workFactor?: number }
/** What opens it again. */
export type BackupKey = { readonly identities: readonly string[] } | { readonly passphrase: string }

const indexName = 'index.age'
const keyName = 'key.age'
const perFolder = 1000

/** True for a directory that `lockedFolder` wrote. */
export const isLocked = (directory: string): boolean => existsSync(join(directory, indexName))

/** Encrypts one small file. */
export async function lockBytes(content: Uint8Array, lock: BackupLock): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  if ('passphrase' in lock) {
    encrypter.setPassphrase(lock.passphrase)
    if (lock.workFactor !== undefined) encrypter.setScryptWorkFactor(lock.workFactor)
  } else addRecipients(encrypter, lock.recipients)
  return encrypter.encrypt(content)
}

/** True for what age wrote. */
export const isLockedBytes = (content: Uint8Array): boolean =>
  Buffer.from(content.subarray(0, 18)).toString('latin1') === 'age-encryption.org'

/** Opens what `lockBytes` wrote; `name` is what messages call it. */
export async function unlockBytes(content: Uint8Array, key: BackupKey, name: string): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  if ('passphrase' in key) decrypter.addPassphrase(key.passphrase)
  else addIdentities(decrypter, key.identities)
  return decrypter.decrypt(content).catch((error: Error) => {
    throw backupErrors.WRONG_KEY(name, `nothing that was given opens it (${error.message})`)
  })
}

function addRecipients(encrypter: Encrypter, recipients: readonly string[]): void {
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw backupErrors.BAD_KEY(`"${recipient}" is no recipient of age; one begins with age1`)
    }
  }
}

function addIdentities(decrypter: Decrypter, identities: readonly string[]): void {
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity)
    } catch {
      throw backupErrors.BAD_KEY('a line is no identity of age; one begins with AGE-SECRET-KEY-')
    }
  }
}

/**
 * Writes every file of a backup as an age file of its own. Their names are numbers; `index.age`, written last, says which is which. With a passphrase
 * the files are for an identity made for this backup, which lies in `key.age` under the passphrase: its slow derivation runs once, not for every file.
 */
export async function lockedFolder(
  directory: string,
  lock: BackupLock,
): Promise<Pick<BackupFiles, 'write' | 'finish'>> {
  const encrypter = new Encrypter()
  if ('passphrase' in lock) {
    const identity = await generateX25519Identity()
    const sealing = new Encrypter()
    sealing.setPassphrase(lock.passphrase)
    if (lock.workFactor !== undefined) sealing.setScryptWorkFactor(lock.workFactor)
    await writeFileAt(join(directory, keyName), Readable.from([await sealing.encrypt(`${identity}\n`)]))
    encrypter.addRecipient(await identityToRecipient(identity))
  } else addRecipients(encrypter, lock.recipients)
  const index: string[] = []
  const store = async (name: string, content: Readable): Promise<{ bytes: number; sha256: string }> => {
    const counted = hashedStream()
    const feeding = pipeline(content, counted.stream)
    const locked = await encrypter.encrypt(Readable.toWeb(counted.stream) as unknown as globalThis.ReadableStream)
    await Promise.all([feeding, writeFileAt(join(directory, name), Readable.fromWeb(locked as ReadableStream))])
    return counted.result()
  }
  return {
    write: async (path, content) => {
      const number = index.length
      const name = `files/${Math.floor(number / perFolder)}/${number}.age`
      index.push('')
      const stored = await store(name, content)
      index[number] = `${name} ${path}\n`
      return stored
    },
    finish: async () => void (await store(indexName, Readable.from([Buffer.from(index.join(''))]))),
  }
}

/** Opens what `lockedFolder` wrote. Fails with BACKUP.WRONG_KEY before anything else is read. */
export async function unlockedFolder(directory: string, key: BackupKey): Promise<Pick<BackupFiles, 'open'>> {
  const decrypter = new Decrypter()
  const keyFile = join(directory, keyName)
  if ('passphrase' in key) {
    if (!existsSync(keyFile))
      throw backupErrors.WRONG_KEY(directory, 'it was encrypted for identities, not with a passphrase')
    const opening = new Decrypter()
    opening.addPassphrase(key.passphrase)
    const identity = await opening.decrypt(await readFile(keyFile), 'text').catch(() => {
      throw backupErrors.WRONG_KEY(directory, 'the passphrase is another one, or key.age was changed')
    })
    decrypter.addIdentity(identity.trim())
  } else addIdentities(decrypter, key.identities)
  const openNamed = async (name: string): Promise<Readable> => {
    const input = await opened(createReadStream(join(directory, name)))
    try {
      return Readable.fromWeb(
        (await decrypter.decrypt(Readable.toWeb(input) as unknown as globalThis.ReadableStream)) as ReadableStream,
      )
    } catch (error) {
      input.destroy()
      throw error
    }
  }
  const paths = new Map<string, string>()
  const pieces: Buffer[] = []
  const index = await openNamed(indexName).catch((error: Error) => {
    if (/identity|identities|passphrase/.test(error.message))
      throw backupErrors.WRONG_KEY(directory, 'none of the identities opens it')
    throw backupErrors.DAMAGED(`${indexName}: ${error.message}`)
  })
  try {
    for await (const piece of index) pieces.push(piece as Buffer)
  } catch (error) {
    throw backupErrors.DAMAGED(`${indexName}: ${(error as Error).message}`)
  }
  for (const line of Buffer.concat(pieces).toString().split('\n').filter(Boolean)) {
    const space = line.indexOf(' ')
    const name = line.slice(0, space)
    if (!/^files\/\d+\/\d+\.age$/.test(name)) throw backupErrors.DAMAGED(`${indexName} names ${name}`)
    paths.set(line.slice(space + 1), name)
  }
  return {
    open: async (path) => {
      const name = paths.get(path)
      if (name === undefined) throw Object.assign(new Error(`${path} is not in ${indexName}`), { code: 'ENOENT' })
      return openNamed(name)
    },
  }
}
