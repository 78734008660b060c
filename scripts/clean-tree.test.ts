import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, trackedFiles } from './tracked-files.ts'

interface LockedPackage {
  resolved?: string
  optionalDependencies?: Record<string, string>
}

test('the lock file holds every optional package of every platform, and no host', () => {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const locked = (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages
  const problems = Object.entries(locked).flatMap(([path, { optionalDependencies = {}, resolved = '' }]) => [
    ...Object.keys(optionalDependencies)
      .filter((name) => !locked[`node_modules/${name}`] && !locked[`${path}/node_modules/${name}`])
      .map((name) => `${path} wants ${name}, which is not locked: npm ci would refuse the file`),
    ...(/^\w+:\/\//.test(resolved) ? [`${path} is fetched from a fixed host`] : []),
  ])
  expect(Object.keys(locked).length).toBeGreaterThan(200)
  expect(problems).toEqual([])
})

test('the Python requirements are hashed and name no host', () => {
  const files = trackedFiles().filter((path) => /^python\/requirements.*\.txt$/.test(path))
  expect(files).toContain('python/requirements.txt')
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8')
    expect(text).not.toMatch(/:\/\//)
    const blocks = text.split(/\n(?=[a-z0-9])/i).filter((block) => block.includes('=='))
    expect(blocks.filter((block) => !block.includes('--hash=sha256:'))).toEqual([])
  }
})

// Written in pieces, so that this file passes its own test.
const registryHosts = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['crates', 'io'],
  ['proxy', 'golang', 'org'],
  ['repo1', 'maven', 'org'],
  ['repo', 'maven', 'apache', 'org'],
  ['deb', 'debian', 'org'],
].map((parts) => parts.join('.'))
const machineFolders = ['work', 'root', 'home', 'Users'].map((name) => `/${name}/`)

test('no file names a package registry or a folder of the machine it was written on', () => {
  const path = new RegExp(`(?<![\\w.}\\])-])(?:${machineFolders.join('|')})[\\w.-]`)
  const found = trackedFiles()
    .filter((file) => statSync(join(root, file)).size < 5_000_000)
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'latin1')
      return text.includes('\0') ? [] : text.split('\n').map((line, index) => ({ file, line, number: index + 1 }))
    })
    .filter(({ line }) => path.test(line) || registryHosts.some((host) => line.includes(host)))
    .map(({ file, number, line }) => `${file}:${number}: ${line.trim().slice(0, 120)}`)
  expect(found).toEqual([])
})
