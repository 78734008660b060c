import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { containedEnvironment, pythonPaths } from './boundary.ts'

test('a step gets of the environment what it needs, and proxies, which may carry a password, only with the network', () => {
  const env = {
    PATH: '/bin',
    LC_ALL: 'C',
    TRIVIUM_VAULT_KEY: 'secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    DATABASE_URL: 'postgres://a:secret@b',
    LD_PRELOAD: '/tmp/x.so',
    PYTHONPATH: '/tmp',
    https_proxy: 'http://me:secret@proxy',
  }
  expect(containedEnvironment(env, false)).toEqual({ PATH: '/bin', LC_ALL: 'C' })
  expect(Object.keys(containedEnvironment(env, true)).toSorted()).toEqual(['LC_ALL', 'PATH', 'https_proxy'])
})

test('an interpreter opens its own folders, and neither a home nor the data directory nor everything', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivium-boundary-'))
  try {
    const data = join(folder, 'data')
    mkdirSync(join(data, 'env/bin'), { recursive: true })
    mkdirSync(join(folder, 'python/bin'), { recursive: true })
    writeFileSync(join(folder, 'python/bin/python3'), '')
    symlinkSync(join(folder, 'python/bin/python3'), join(data, 'env/bin/python'))
    const found = pythonPaths(join(data, 'env/bin/python'), data)
    expect(found).toContain(join(folder, 'python'))
    expect(found).toContain(join(data, 'env'))
    for (const program of [
      join(homedir(), 'bin/python3'),
      join(data, 'bin/python3'),
      join(folder, 'bin/python3'),
      '/bin/python3',
    ])
      for (const kept of [homedir(), data, folder, '/'])
        expect([program, pythonPaths(program, data).includes(kept)]).toEqual([program, false])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
