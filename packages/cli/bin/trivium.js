#!/usr/bin/env node
// The command may be started by any Node; the program needs the project's own. This file is plain JavaScript for old ones.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const oldest = 24
const here = dirname(realpathSync(fileURLToPath(import.meta.url)))
const program = join(here, '..', 'src', 'main.ts')
const bundled = join(
  here,
  '..',
  '..',
  '..',
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)

function findNode() {
  if (existsSync(bundled)) return bundled
  if (Number(process.versions.node.split('.')[0]) >= oldest) return process.execPath
  console.error(
    `trivium needs Node ${oldest} or newer, and this is ${process.versions.node}. Run "npm ci" in the clone, which brings its own.`,
  )
  process.exit(1)
}

const node = findNode()
// A young generation of 4 MB instead of 16 keeps a resting server 20 MB smaller.
const args = ['--max-semi-space-size=4', '--conditions=trivium-source', program, ...process.argv.slice(2)]
// Compiled code is kept beside the packages, so that the second start takes half the time; its children use it too.
const cache = join(here, '..', '..', '..', 'node_modules', '.cache', 'trivium-compiled')
const env = { NODE_COMPILE_CACHE: cache, ...process.env }

if (typeof process.execve === 'function') {
  // The same process goes on as the program, so signals and exit codes need no forwarding.
  process.removeAllListeners('warning')
  process.execve(node, [node, ...args], env)
} else {
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C on a terminal reaches the child directly.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.once('error', (error) => {
    console.error(`trivium could not start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)))
}
