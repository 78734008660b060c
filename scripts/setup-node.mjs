import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run, SetupError, tail, timed } from './setup-support.mjs'

/**
 * Whether node_modules holds what package-lock.json names. npm leaves its own record of the installed tree behind when
 * it has finished, so an interrupted install and a later `npm install` by hand are both seen for what they are.
 */
export function nodePackagesAreCurrent(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  const locked = readPackages(join(root, 'package-lock.json'))
  if (!installed || !locked) return false
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '' || (entry.optional && !installed[path])) continue
    if (!installed[path] || installed[path].version !== entry.version) return false
    if (installed[path].integrity !== entry.integrity) return false
  }
  return Object.keys(installed).every((path) => path in locked)
}

/**
 * Installs the locked packages from the configured index. No install script runs but those that package.json allows by name, whichever npm this is: of npm
 * itself only version 12 and newer would hold back the others.
 */
export function installNodePackages(root, projectNode) {
  timed('installing npm packages (about half a minute)', () => {
    const npm = npmCommand()
    const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }
    const call = (args) => {
      const result = run(npm.command, [...npm.args, ...args], { cwd: root, env })
      if (result.ok) return
      throw new SetupError(
        `"npm ${args[0]}" failed. Its last words:\n${tail(result.output)}\nMend the cause and try again.`,
      )
    }
    call(['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
    const { allowScripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = Object.keys(allowScripts).filter(
      (name) => allowScripts[name] && existsSync(join(root, 'node_modules', name)),
    )
    if (named.length > 0) call(['rebuild', '--ignore-scripts=false', ...named])
  })
  if (existsSync(projectNode)) return
  throw new SetupError(
    `npm did not run the install script of the package "node", so ${projectNode} is missing. ` +
      'Allow install scripts (npm config get ignore-scripts should say false) and run "npm ci" again.',
  )
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** How npm is started: the one that runs this script, else the one on the path. */
export function npmCommand() {
  const script = process.env.npm_execpath
  if (script && basename(script).startsWith('npm') && existsSync(script)) {
    return { command: process.execPath, args: [script] }
  }
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] }
}
