import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { commandKey } from './command-key.ts'
import { createVault, type KeyRing, openKeyRing } from './index.ts'

const base = mkdtempSync(join(tmpdir(), 'trivium-vault-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))
const env = { PATH: process.env['PATH'] ?? '' }
const key = (): string => randomBytes(32).toString('base64')
const ringOf = (keys: readonly string[], commands = ''): KeyRing =>
  openKeyRing({ setting: keys.join(','), commands, data: base, env })
const vault = createVault(ringOf([key()]))

/** A small key management service: "wraps" by turning the text around, and remembers that it was called. */
function keyService(name: string, body: string): string {
  const path = join(base, name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o700)
  return path
}

test('what was sealed opens at its place, and looks different each time', async () => {
  const one = await vault.seal('a secret', 'webhook/p/a')
  expect(await vault.open(one, 'webhook/p/a')).toBe('a secret')
  expect(await vault.seal('a secret', 'webhook/p/a')).not.toBe(one)
  expect(one).not.toContain(Buffer.from('a secret').toString('base64url'))
})

test('it does not open elsewhere, changed, or with another key', async () => {
  const sealed = await vault.seal('a secret', 'webhook/p/a')
  await expect(vault.open(sealed, 'webhook/p/b')).rejects.toThrow('cannot be read')
  await expect(createVault(ringOf([key()])).open(sealed, 'webhook/p/a')).rejects.toThrow('is not there')
  const [version, wrapped, text = '', id] = sealed.split('.')
  const flipped = Buffer.from(text, 'base64url')
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  const changed = [version, wrapped, flipped.toString('base64url'), id].join('.')
  await expect(vault.open(changed, 'webhook/p/a')).rejects.toThrow('cannot be read')
  await expect(vault.open('plain text', 'webhook/p/a')).rejects.toThrow('was not sealed')
})

test('a text of an earlier program, which named no key, opens and is given one', async () => {
  const sealed = await vault.seal('a secret', 'p')
  const unnamed = sealed.split('.').slice(0, 3).join('.')
  expect(await vault.open(unnamed, 'p')).toBe('a secret')
  await expect(vault.open(unnamed, 'q')).rejects.toThrow('cannot be read')
  const named = await vault.rewrap(unnamed, 'p')
  expect(named?.split('.')).toHaveLength(4)
  expect(await vault.open(named ?? '', 'p')).toBe('a secret')
})

test('with a new key before the old one, old texts open, and wrapped anew they need the new one only', async () => {
  const [older, newer] = [key(), key()]
  const sealed = await createVault(ringOf([older])).seal('a secret', 'p')
  const both = createVault(ringOf([newer, older]))
  expect(await both.open(sealed, 'p')).toBe('a secret')
  const rewrapped = (await both.rewrap(sealed, 'p')) ?? ''
  expect(rewrapped.split('.')[2]).toBe(sealed.split('.')[2])
  expect(await both.rewrap(rewrapped, 'p')).toBeUndefined()
  expect(await createVault(ringOf([newer])).open(rewrapped, 'p')).toBe('a secret')
  await expect(createVault(ringOf([older])).open(rewrapped, 'p')).rejects.toThrow('is not there')
  await expect(both.rewrap(sealed, 'elsewhere')).rejects.toThrow('cannot be read')
})

describe('the file in the data directory', () => {
  const open = (data: string, setting = ''): KeyRing => openKeyRing({ setting, commands: '', data, env })
  const fresh = (): string => mkdtempSync(join(base, 'data-'))

  test('is made once, for its owner only, and a key from the configuration comes before it', () => {
    const data = fresh()
    const { id } = open(data).current
    expect(open(data).current.id).toBe(id)
    expect(statSync(join(data, 'vault-key')).mode & 0o777).toBe(0o600)
    const given = open(data, key())
    expect(given.current.source).toBe('setting')
    expect(given.find(id)?.source).toBe('file')
    expect(() => given.add()).toThrow('comes from the configuration')
    expect(() => open(data, 'short')).toThrow('must be 32 bytes in base64')
    writeFileSync(join(data, 'vault-key'), 'torn')
    expect(() => open(data)).toThrow('does not hold a key')
  })

  test('holds several keys, is read again for one that another process added, and old ones can be removed', () => {
    const data = fresh()
    const [one, other] = [open(data), open(data)]
    const first = one.current.id
    const second = one.add().id
    expect(one.all().map(({ id }) => id)).toEqual([second, first])
    expect(statSync(join(data, 'vault-key')).mode & 0o777).toBe(0o600)
    expect(other.current.id).toBe(first)
    expect(other.find(second)?.id).toBe(second)
    expect(other.current.id).toBe(second)
    expect(() => one.forget(second)).toThrow('are encrypted with')
    expect(() => one.forget('k0')).toThrow('holds no vault key')
    one.forget(first)
    expect(readFileSync(join(data, 'vault-key'), 'utf8').trim().split('\n')).toHaveLength(1)
  })
})

describe('a key management service behind a command', () => {
  test('wraps and unwraps data keys, which are given to it on standard input only', async () => {
    const calls = join(base, 'calls')
    const program = keyService('kms', `echo "$@" >> ${calls}\nread -r line\necho "$line" | rev`)
    const data = mkdtempSync(join(base, 'data-'))
    const ring = openKeyRing({ setting: '', commands: `${program} --key seven`, data, env })
    const sealed = await createVault(ring).seal('a secret', 'p')
    expect(await createVault(ring).open(sealed, 'p')).toBe('a secret')
    await createVault(ring).open(sealed, 'p')
    // The second opening took the data key from memory.
    expect(readFileSync(calls, 'utf8')).toBe('--key seven wrap\n--key seven unwrap\n')
    await expect(createVault(ring).open(sealed, 'q')).rejects.toThrow('cannot be read')
    expect(() => readFileSync(join(data, 'vault-key'))).toThrow('ENOENT')
  })

  test('that fails, is slow or says nonsense is named, and what it was given is not', async () => {
    const failing = commandKey(keyService('failing', 'read -r line\necho "no $line" >&2\nexit 3'), { env })
    const dataKey = randomBytes(32)
    const error = await failing.wrap(dataKey, 'p').catch((thrown: Error) => thrown)
    expect((error as Error).message).toContain('ended with 3: no …')
    expect((error as Error).message).not.toContain(dataKey.toString('base64'))
    const slow = commandKey(keyService('slow', 'exec sleep 20'), { env, limitMs: 50 })
    await expect(slow.wrap(dataKey, 'p')).rejects.toThrow('did not answer within 0.05 s')
    const odd = commandKey(keyService('odd', 'echo nonsense'), { env })
    await expect(odd.unwrap('abcd', 'p')).rejects.toThrow('printed no data key')
    await expect(commandKey(join(base, 'nowhere'), { env }).wrap(dataKey, 'p')).rejects.toThrow('could not be started')
  })
})
