import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { configSchema, loadConfig, rolesOf } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function fileWith(text: string, extension = 'yaml'): string {
  files += 1
  const path = join(folder, `${files}.${extension}`)
  writeFileSync(path, text)
  return path
}
const load = (input: { flags?: Record<string, unknown>; environment?: Record<string, string>; file?: string } = {}) =>
  loadConfig({
    flags: input.flags ?? {},
    environment: input.environment ?? {},
    ...(input.file === undefined ? {} : { file: input.file }),
  })
const failure = (input: Parameters<typeof load>[0]): { code: string; message: string } => {
  try {
    load(input)
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('It was accepted.')
}

describe('configuration', () => {
  test('defaults are overridden by the file, that by the environment, that by flags', () => {
    const file = fileWith('port: 1001\nlogLevel: debug\nstepSlots: 7\n')
    const environment = { TRIVIUM_PORT: '1002', TRIVIUM_LOG_LEVEL: 'error', PATH: '/bin' }
    const config = load({ file, environment, flags: { port: 1003, host: undefined } })
    expect(config).toMatchObject({ port: 1003, logLevel: 'error', stepSlots: 7, host: '127.0.0.1' })
    expect(load()).toMatchObject({ port: 4000, allowRemote: false, databaseUrl: '' })
  })

  test('the file may be JSON, and its path may come from the environment', () => {
    const path = fileWith('{"port": 1004}', 'json')
    expect(load({ environment: { TRIVIUM_CONFIG: path } }).port).toBe(1004)
  })

  test('the result is frozen and its data directory absolute', () => {
    const config = load({ flags: { data: 'here' } })
    expect(Object.isFrozen(config)).toBe(true)
    expect(config.data).toBe(resolve('here'))
  })

  test.each([
    [{ flags: { prot: 1 } }, 'Unknown setting "prot" in the command line. Did you mean "port"?'],
    [
      { environment: { TRIVIUM_DATABSE_URL: 'x' } },
      'Unknown setting "TRIVIUM_DATABSE_URL" in the environment. Did you mean "TRIVIUM_DATABASE_URL"?',
    ],
    [{ environment: { TRIVIUM_ADMIN_TOKN_FILE: '/x' } }, 'Did you mean "TRIVIUM_ADMIN_TOKEN"?'],
  ])('an unknown setting is an error that names the nearest one: %j', (input, message) => {
    expect(failure(input as never)).toMatchObject({
      code: 'CONFIG.UNKNOWN_KEY',
      message: expect.stringContaining(message),
    })
  })

  test('an unknown setting in a file names the file', () => {
    const file = fileWith('log_level: info\n')
    expect(failure({ file }).message).toBe(`Unknown setting "log_level" in file ${file}. Did you mean "logLevel"?`)
  })

  test.each([
    [{ flags: { port: 'abc' } }, 'port', 'the command line'],
    [{ flags: { port: 70000 } }, 'port', 'the command line'],
    [{ flags: { port: 1.5 } }, 'port', 'the command line'],
    [{ environment: { TRIVIUM_PORT: '' } }, 'port', 'the environment'],
    [{ environment: { TRIVIUM_ALLOW_REMOTE: 'perhaps' } }, 'allowRemote', 'the environment'],
    [{ environment: { TRIVIUM_LOG_LEVEL: 'loud' } }, 'logLevel', 'the environment'],
    [{ flags: { stepSlots: 0 } }, 'stepSlots', 'the command line'],
    [{ flags: { data: null } }, 'data', 'the command line'],
  ])('a bad value names the setting and where it stands: %j', (input, key, source) => {
    const found = failure(input as never)
    expect(found.code).toBe('CONFIG.BAD_VALUE')
    expect(found.message).toContain(`Setting "${key}" in ${source}`)
  })

  test('a secret is read from a file; a missing one is an error, and so are both at once', () => {
    const secret = fileWith('s3cret\n', 'txt')
    expect(load({ environment: { TRIVIUM_ADMIN_TOKEN_FILE: secret } }).adminToken).toBe('s3cret')
    expect(failure({ environment: { TRIVIUM_ADMIN_TOKEN_FILE: join(folder, 'none') } }).message).toContain(
      'which does not exist',
    )
    const both = failure({ environment: { TRIVIUM_ADMIN_TOKEN_FILE: secret, TRIVIUM_ADMIN_TOKEN: 'other' } })
    expect(both.message).toContain('TRIVIUM_ADMIN_TOKEN_FILE')
  })

  test('a bad value never shows a secret', () => {
    const found = failure({ flags: { adminToken: { nested: 'hunter2' } } })
    expect(found.message).not.toContain('hunter2')
  })

  test('variables of the client are no settings', () => {
    const environment = { TRIVIUM_URL: 'http://x', TRIVIUM_TOKEN: 't', TRIVIUM_PROJECT: 'p' }
    expect(load({ environment }).port).toBe(4000)
  })

  test('an unreadable file, a broken one and one that holds no settings are named', () => {
    const missing = join(folder, 'missing.yaml')
    expect(failure({ file: missing })).toMatchObject({
      code: 'CONFIG.FILE_UNREADABLE',
      message: expect.stringContaining(missing),
    })
    for (const text of ['port: [', '- port\n', 'just words\n', '42\n'])
      expect(failure({ file: fileWith(text) }).code, text).toBe('CONFIG.FILE_UNREADABLE')
    expect(load({ file: fileWith('') }).port).toBe(4000)
  })

  test('a host that others reach needs a word', () => {
    const found = failure({ flags: { host: '0.0.0.0' } })
    expect(found).toMatchObject({
      code: 'CONFIG.REMOTE_NOT_ALLOWED',
      message: expect.stringContaining('--allow-remote'),
    })
    expect(load({ flags: { host: '0.0.0.0', allowRemote: true } }).host).toBe('0.0.0.0')
    for (const host of ['localhost', '::1', '127.0.0.1']) expect(load({ flags: { host } }).host).toBe(host)
  })

  test('a public URL that is none is refused at the start', () => {
    expect(failure({ flags: { publicUrl: 'trivium.example' } }).message).toContain('publicUrl')
    expect(load({ flags: { publicUrl: 'https://trivium.example/' } }).publicUrl).toBe('https://trivium.example')
  })

  test('a server on SQLite does everything; on Postgres it may do a part, and an engine alone is told where the API is', () => {
    expect(rolesOf(load({}))).toEqual(new Set(['api', 'engine', 'gateway']))
    expect(failure({ flags: { role: 'gateway' } }).message).toContain('SQLite belongs to the one server')
    expect(rolesOf(load({ flags: { role: 'gateway,api,engine' } })).size).toBe(3)
    const databaseUrl = 'postgres://db.internal/trivium'
    expect(rolesOf(load({ flags: { role: 'api,gateway', databaseUrl } }))).toEqual(new Set(['api', 'gateway']))
    expect(failure({ flags: { role: 'engine', databaseUrl } }).message).toContain('publicUrl')
    expect(failure({ flags: { role: 'scheduler', databaseUrl } }).code).toBe('CONFIG.BAD_VALUE')
  })

  test('servers may share a directory for content', () => {
    expect(load({ flags: { storageUrl: 'file:///mnt/shared/trivium' } }).storageUrl).toBe('file:///mnt/shared/trivium')
    expect(failure({ flags: { storageUrl: 'file://shared' } }).code).toBe('CONFIG.BAD_VALUE')
  })

  test('a place for content is a bucket that is named, with a key; the secret comes from a file and is not shown', () => {
    const secret = fileWith('hunter2\n', 'txt')
    const environment = {
      TRIVIUM_STORAGE_URL: 's3://models/team-a',
      TRIVIUM_STORAGE_ACCESS_KEY_ID: 'key',
      TRIVIUM_STORAGE_SECRET_ACCESS_KEY_FILE: secret,
    }
    expect(load({ environment })).toMatchObject({ storageUrl: 's3://models/team-a', storageSecretAccessKey: 'hunter2' })
    expect(failure({ flags: { storageUrl: 's3://models' } }).message).toContain('needs storageAccessKeyId')
    for (const storageUrl of [
      's3://',
      'models',
      'https://models',
      's3://UPPER',
      's3://models/a b',
      's3://key:secret@models',
    ])
      expect(failure({ flags: { storageUrl } }).code, storageUrl).toBe('CONFIG.BAD_VALUE')
    expect(failure({ flags: { storageEndpoint: 'minio:9000' } }).message).toContain('storageEndpoint')
    expect(failure({ flags: { storageSecretAccessKey: { nested: 'hunter2' } } }).message).not.toContain('hunter2')
  })

  test('every setting says what it does', () => {
    for (const [key, schema] of Object.entries(configSchema.properties))
      expect((schema as { description?: string }).description, key).toMatch(/\.$/)
  })
})
