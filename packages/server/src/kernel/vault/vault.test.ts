import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createVault, vaultKey } from './index.ts'

const vault = createVault(randomBytes(32))

test('what was sealed opens at its place, and looks different each time', () => {
  const one = vault.seal('a secret', 'webhook/p/a')
  expect(vault.open(one, 'webhook/p/a')).toBe('a secret')
  expect(vault.seal('a secret', 'webhook/p/a')).not.toBe(one)
  expect(one).not.toContain(Buffer.from('a secret').toString('base64url'))
})

test('it does not open elsewhere, changed, or with another key', () => {
  const sealed = vault.seal('a secret', 'webhook/p/a')
  expect(() => vault.open(sealed, 'webhook/p/b')).toThrow('cannot be read')
  expect(() => createVault(randomBytes(32)).open(sealed, 'webhook/p/a')).toThrow('cannot be read')
  const [version, key, text = ''] = sealed.split('.')
  const flipped = Buffer.from(text, 'base64url')
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  expect(() => vault.open([version, key, flipped.toString('base64url')].join('.'), 'webhook/p/a')).toThrow(
    'cannot be read',
  )
  expect(() => vault.open('plain text', 'webhook/p/a')).toThrow('was not sealed')
})

test('the key is made once, for its owner only, and a setting wins', () => {
  const data = mkdtempSync(join(tmpdir(), 'trivium-vault-'))
  try {
    const made = vaultKey({ setting: '', data })
    expect(vaultKey({ setting: '', data }).equals(made)).toBe(true)
    expect(statSync(join(data, 'vault-key')).mode & 0o777).toBe(0o600)
    const other = randomBytes(32)
    expect(vaultKey({ setting: other.toString('base64'), data }).equals(other)).toBe(true)
    expect(() => vaultKey({ setting: 'short', data })).toThrow('must be 32 bytes in base64')
    writeFileSync(join(data, 'vault-key'), 'torn')
    expect(() => vaultKey({ setting: '', data })).toThrow('does not hold a key')
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})
