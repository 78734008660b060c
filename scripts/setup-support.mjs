import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A set-up step that cannot go on; its message says what to do. */
export class SetupError extends Error {}

/** Runs a command to its end and returns `{ ok, output }`; never throws. */
export function run(command, args, { env = process.env, cwd } = {}) {
  const result = spawnSync(command, args, { env, cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: 'pipe' })
  const output = [result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n').trim()
  return { ok: result.status === 0, output, stdout: result.stdout ?? '' }
}

/** Prints what is being done, does it, and prints how long it took. */
export function timed(label, action) {
  const start = Date.now()
  process.stderr.write(`setup: ${label} …\n`)
  const result = action()
  process.stderr.write(`setup: ${label}: done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`)
  return result
}

/** The last lines of a tool's output, indented, for a message. */
export function tail(output, lines = 15) {
  return output
    .split('\n')
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join('\n')
}

/** The SHA-256 of some texts, as hex. */
export function digest(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}

/** Lets one process at a time set up a clone; a lock whose process has died is taken over. */
export async function withSetupLock(root, action) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const file = join(root, '.cache', 'setup.lock')
  let announced = false
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = readHolder(file)
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(file, { force: true })
      continue
    }
    if (!announced) process.stderr.write('setup: waiting for another set-up of this clone …\n')
    announced = true
    await sleep(250)
  }
  try {
    return await action()
  } finally {
    rmSync(file, { force: true })
  }
}

function readHolder(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
