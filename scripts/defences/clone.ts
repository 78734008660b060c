import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** A clone of the last commit in a folder of its own; installed packages are shared, our own are those of the clone. */
export function makeClone(root: string, folder: string): string {
  const cloned = spawnSync('git', ['clone', '-q', root, folder], { encoding: 'utf8' })
  if (cloned.status !== 0) throw new Error(`The clone could not be made: ${cloned.stderr}`)
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => !/^\.(vite|cache)/.test(one))) {
    const from = join(root, 'node_modules', name)
    if (name !== '@trivium') symlinkSync(from, join(packages, name))
    else {
      mkdirSync(join(packages, name))
      for (const own of readdirSync(from)) symlinkSync(readlinkSync(join(from, own)), join(packages, name, own))
    }
  }
  mkdirSync(join(folder, '.cache'))
  for (const name of readdirSync(join(root, '.cache')).filter((one) => !one.startsWith('test-report')))
    symlinkSync(join(root, '.cache', name), join(folder, '.cache', name))
  for (const name of ['.venv', 'packages/web/dist'])
    if (existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name))
  return folder
}
