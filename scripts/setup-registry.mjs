// Unpacks the container registry of the tests (Distribution, Debian's package docker-registry) into .cache, unless it is there, and
// prints the path of its program. Tests start this as a program of its own. It needs no root.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptOptions } from './setup-python.mjs'
import { root, runScript } from './setup.mjs'
import { run, SetupError, timed, withSetupLock } from './setup-support.mjs'

const name = 'docker-registry'
const version = '2.8.2+ds1-1'
/** Of the packages of that version; other versions and machines are not used. */
const digests = new Set(['a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913'])

await runScript(async () => {
  const folder = join(root, '.cache', `registry-${version}`)
  const program = join(folder, 'usr/bin', name)
  if (!existsSync(program)) await withSetupLock(root, () => existsSync(program) || unpack(folder))
  console.log(program)
  return 0
})

function unpack(folder) {
  timed('fetching the container registry of the tests', () => {
    mkdirSync(join(root, '.cache'), { recursive: true })
    const work = mkdtempSync(join(tmpdir(), 'trivium-apt-'))
    const half = `${folder}.${process.pid}`
    try {
      const own = aptOptions(work)
      const download = (options) => run('apt-get', [...options, 'download', `${name}=${version}`], { cwd: work }).ok
      const there = download([]) || (run('apt-get', [...own, 'update']).ok && download(own))
      const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
      if (!there || !archive) throw missing('apt has no such package here')
      const found = createHash('sha256')
        .update(readFileSync(join(work, archive)))
        .digest('hex')
      if (!digests.has(found)) throw missing(`what apt gave has the digest ${found}`)
      mkdirSync(half, { recursive: true })
      if (!run('dpkg', ['-x', join(work, archive), half]).ok) throw missing('dpkg could not unpack it')
      renameSync(half, folder)
    } finally {
      rmSync(work, { recursive: true, force: true })
      rmSync(half, { recursive: true, force: true })
    }
  })
}

const missing = (why) =>
  new SetupError(`The container registry of the tests (${name} ${version} of Debian 12) is not to be had: ${why}.`)
