import { readdirSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWorld } from '@trivium/testing'
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backUp } from './back-up.ts'
import { backupKey, backupLock } from './backup-keys.ts'
import type { BackupManifest } from './backup-manifest.ts'
import { digestDatabase } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { openSnapshot } from './open-snapshot.ts'
import { restore } from './restore.ts'

const secretText = 'nobody but its owner reads this run'
const phrase = 'correct horse battery staple'
let base: string
let config: Config
let manifest: BackupManifest
let target: string
let identity: string
let identityFile: string

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'trivium-locked-'))
  await mkdir(join(base, 'data'))
  const world = await createWorld({ data: join(base, 'data') })
  config = world.kernel.config
  const { call } = await world.as('admin')
  await call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', run_name: secretText })
  await call('POST', '/api/v1/projects/default/datasets/rows/versions?format=csv', 'id,value\n1,a\n2,b\n', {
    'content-type': 'application/octet-stream',
  })
  await world.settled()
  await world.close()
  identity = await generateX25519Identity()
  identityFile = join(base, 'identity.txt')
  await writeFile(identityFile, `# made for a test\n${identity}\n`)
  await writeFile(
    join(base, 'recipients.txt'),
    `# two people\n${await identityToRecipient(identity)}\n${await identityToRecipient(await generateX25519Identity())}\n`,
  )
  await writeFile(join(base, 'phrase.txt'), `${phrase}\n`)
  target = join(base, 'locked')
  const lock = backupLock({ recipientsFile: join(base, 'recipients.txt') })
  if (!lock) throw new Error('The file of recipients said nothing.')
  manifest = await backUp(config, target, { lock, withKeys: true })
}, 60_000)
afterAll(() => rm(base, { recursive: true, force: true }))

const keyOf = (file: string) => {
  const key = backupKey({ identityFile: file })
  if (!key) throw new Error('The file of identities said nothing.')
  return key
}
const into = (name: string, from: string, key?: ReturnType<typeof keyOf>) =>
  restore({ ...config, data: join(base, name) }, from, key ? { key } : {})
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('neither the names nor the bytes of an encrypted backup tell what is in it, and the plain library opens every file', async () => {
  const files = filesIn(target)
  const texts = [secretText, 'ndjson', 'default', 'sqlite', 'vault-key']
  for (const file of files) {
    expect(file.slice(target.length)).toMatch(/^\/(index|files\/\d+\/\d+)\.age$/)
    const bytes = readFileSync(file)
    expect(bytes.subarray(0, 21).toString()).toBe('age-encryption.org/v1')
    for (const text of texts) expect(bytes.includes(text), `${file} shows ${text}`).toBe(false)
  }
  const plain = new Decrypter()
  plain.addIdentity(identity)
  const index = await plain.decrypt(await readFile(join(target, 'index.age')), 'text')
  const names = new Map(
    index
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string])
      .map(([name, path]) => [path, name]),
  )
  expect(names.size).toBe(files.length - 1)
  const found = JSON.parse(await plain.decrypt(await readFile(join(target, names.get('manifest.json') ?? '')), 'text'))
  expect(found).toEqual(manifest)
  for (const name of names.values()) await plain.decrypt(await readFile(join(target, name)))
})

test('what comes out of it has the digest of every table and every content that went in', async () => {
  const key = keyOf(identityFile)
  await into('whole', target, key)
  const snapshot = await openSnapshot({ data: join(base, 'whole'), databaseUrl: '' })
  const digests = await digestDatabase(snapshot)
  await snapshot.close()
  expect(digests).toEqual(manifest.tables.map(({ table, rows, digest }) => ({ table, rows, digest })))
  const names = (data: string) =>
    filesIn(join(data, 'blobs'))
      .map((file) => file.slice(join(data, 'blobs').length))
      .toSorted()
  expect(names(join(base, 'whole'))).toEqual(names(config.data))
  expect(readFileSync(join(base, 'whole', 'vault-key'))).toEqual(readFileSync(join(config.data, 'vault-key')))
})

test('without a key, with another key, and after any change of any file nothing is written', async () => {
  const other = join(base, 'other.txt')
  await writeFile(other, await generateX25519Identity())
  await expect(into('none', target)).rejects.toMatchObject({ code: 'BACKUP.NEEDS_KEY' })
  await expect(into('none', target, keyOf(other))).rejects.toMatchObject({ code: 'BACKUP.WRONG_KEY' })
  await expect(into('none', target, { passphrase: phrase })).rejects.toMatchObject({ code: 'BACKUP.WRONG_KEY' })
  const key = keyOf(identityFile)
  const files = filesIn(target)
  const large = files.toSorted((a, b) => readFileSync(b).length - readFileSync(a).length)[0]
  for (const file of [join(target, 'index.age'), join(target, 'files/0/0.age'), large ?? '', files.at(-1) ?? '']) {
    const before = await readFile(file)
    const flipped = Buffer.from(before)
    const at = flipped.length - 20
    flipped[at] = (flipped[at] ?? 0) ^ 1
    const changes = [
      () => writeFile(file, flipped),
      () => truncate(file, before.length - 1),
      () => appendFile(file, 'x'),
      () => rm(file),
    ]
    for (const change of changes) {
      await change()
      await expect(into('none', target, key), `${file} ${changes.indexOf(change)}`).rejects.toMatchObject({
        code: expect.stringMatching(/^BACKUP\.(DAMAGED|NOT_A_BACKUP)$/),
      })
      await writeFile(file, before)
    }
  }
  // Two good files in each other's place.
  const [a, b, spare] = [join(target, 'files/0/0.age'), join(target, 'files/0/1.age'), join(base, 'spare')]
  const swap = async () => {
    await rename(a, spare)
    await rename(b, a)
    await rename(spare, b)
  }
  await swap()
  await expect(into('none', target, key)).rejects.toMatchObject({ code: 'BACKUP.DAMAGED' })
  await swap()
  expect(readdirSync(base)).not.toContain('none')
  await into('none', target, key)
})

test('a passphrase opens what it closed, and no other one does', async () => {
  const lock = backupLock({ passphraseFile: join(base, 'phrase.txt') })
  if (!lock || !('passphrase' in lock)) throw new Error('The file of the passphrase said nothing.')
  const locked = join(base, 'phrased')
  await backUp(config, locked, { lock: { ...lock, workFactor: 10 } })
  await expect(into('phrase', locked, { passphrase: 'correct horse battery stable' })).rejects.toMatchObject({
    code: 'BACKUP.WRONG_KEY',
  })
  await into('phrase', locked, { passphrase: phrase })
  await writeFile(join(base, 'short.txt'), 'short')
  expect(() => backupLock({ passphraseFile: join(base, 'short.txt') })).toThrow('fewer than 12 characters')
})
