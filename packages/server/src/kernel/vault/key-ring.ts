import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configErrors } from '../config/index.ts'
import { commandKey } from './command-key.ts'
import { vaultErrors } from './errors.ts'
import { localKey, parseKeys, type VaultKey } from './vault-key.ts'

/** The keys of the vault. The first one wraps, all of them unwrap. */
export interface KeyRing {
  readonly current: VaultKey
  all(): readonly VaultKey[]
  /** Reads the file again when the key is not known: another process may have added it. */
  find(id: string): VaultKey | undefined
  /** Makes a new first key in the data directory. Throws VAULT.KEY_GIVEN where keys come from the configuration. */
  add(): VaultKey
  /** Removes an old key from the data directory. Throws VAULT.KEY_UNKNOWN, VAULT.KEY_IN_USE for the first. */
  forget(id: string): void
}

const fileName = 'vault-key'

/**
 * Opens the keys: those of commands first, then those of the setting, then the file in the data directory, which is made with one key (mode 600) where the
 * configuration gives none.
 */
export function openKeyRing({
  setting,
  commands,
  data,
  env,
}: {
  /** Keys in base64, the first one wraps. */
  setting: string
  /** Command lines, separated by commas. */
  commands: string
  data: string
  /** The environment of commands. */
  env: Readonly<Record<string, string>>
}): KeyRing {
  const path = join(data, fileName)
  const given: VaultKey[] = [
    ...commands
      .split(',')
      .filter((command) => command.trim() !== '')
      .map((command) => commandKey(command, { env })),
    ...settingKeys(setting),
  ]
  if (given.length === 0 && !existsSync(path)) makeFile(path)
  let filed = readKeys(path)
  const all = (): readonly VaultKey[] => [...given, ...filed.map((key) => localKey(key, 'file'))]
  const write = (keys: readonly Buffer[]): void => {
    const next = `${path}.new`
    writeFileSync(next, `${keys.map((key) => key.toString('base64')).join('\n')}\n`, { mode: 0o600 })
    const file = openSync(next, 'r')
    fsyncSync(file)
    closeSync(file)
    renameSync(next, path)
    filed = [...keys]
  }
  return {
    get current() {
      const [first] = all()
      if (!first) throw new Error('There is no vault key.')
      return first
    },
    all,
    find: (id) => {
      const known = all().find((key) => key.id === id)
      if (known) return known
      filed = readKeys(path)
      return all().find((key) => key.id === id)
    },
    add: () => {
      if (given.length > 0) throw vaultErrors.KEY_GIVEN()
      const key = randomBytes(32)
      write([key, ...readKeys(path)])
      return localKey(key, 'file')
    },
    forget: (id) => {
      const keys = readKeys(path)
      const index = keys.findIndex((key) => localKey(key, 'file').id === id)
      if (index < 0) throw vaultErrors.KEY_UNKNOWN(id)
      if (given.length === 0 && index === 0) throw vaultErrors.KEY_IN_USE(id)
      write(keys.filter((_, other) => other !== index))
    },
  }
}

function settingKeys(setting: string): VaultKey[] {
  if (setting === '') return []
  const keys = parseKeys(setting)
  if (!keys)
    throw configErrors.BAD_VALUE(
      'vaultKey',
      'the configuration',
      'must be 32 bytes in base64, as "openssl rand -base64 32" makes them; several are separated by commas',
    )
  return keys.map((key) => localKey(key, 'setting'))
}

function makeFile(path: string): void {
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function readKeys(path: string): Buffer[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  const keys = parseKeys(text)
  // Without any text: its last key was forgotten, after the configuration had taken over.
  if (!keys && text.trim() !== '') throw new Error(`${path} does not hold a key of 32 bytes. Restore it from a backup.`)
  return keys ?? []
}
