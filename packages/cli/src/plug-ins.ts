import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import { connect, type GlobalOptions } from './connection.ts'
import { exitCodes } from './fail.ts'
import type { Terminal } from './terminal.ts'

const prefix = 'trivium-'
const wellNamed = /^[a-z0-9][a-z0-9-]*$/

/** A program on the path whose name begins with `trivium-`. */
export interface PlugIn {
  readonly name: string
  readonly path: string
  /** `built in`: a command of ours has its name; `shadowed`: a folder before this one has the name, too. */
  readonly state: 'used' | 'built in' | 'shadowed'
}

/** All plug-ins on the path, in its order. A folder that the path names relative to where somebody stands is not looked at: it may be anybody's. */
export async function findPlugIns(env: Terminal['env'], builtIn: ReadonlySet<string>): Promise<PlugIn[]> {
  const found: PlugIn[] = []
  for (const folder of new Set((env['PATH'] ?? '').split(delimiter).filter(isAbsolute))) {
    const names = await readdir(folder).catch(() => [])
    for (const file of names.filter((one) => one.startsWith(prefix)).toSorted()) {
      const [name, path] = [file.slice(prefix.length), join(folder, file)]
      if (!wellNamed.test(name) || !(await isProgram(path))) continue
      const shadowed = found.some((one) => one.name === name)
      found.push({ name, path, state: builtIn.has(name) ? 'built in' : shadowed ? 'shadowed' : 'used' })
    }
  }
  return found
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Names that commands of the program itself have. */
export const builtInNames = (program: Command): ReadonlySet<string> =>
  new Set(['help', ...program.commands.flatMap((command) => [command.name(), ...command.aliases()])])

/** Where in a command line the name of a command stands, and the options of the program before it; undefined where none does, or where something else is meant. */
function commandIn(program: Command, args: readonly string[]): { at: number; options: GlobalOptions } | undefined {
  const options: Record<string, unknown> = { json: false }
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] as string
    if (!word.startsWith('-')) return { at, options: options as unknown as GlobalOptions }
    const [flag = '', value] = word.split(/=(.*)/s)
    const option = program.options.find((one) => one.long === flag && one.long !== '--version')
    if (!option) return undefined
    if (!option.required) options[option.attributeName()] = true
    else options[option.attributeName()] = value ?? args[(at += 1)]
  }
  return undefined
}

/**
 * Runs the plug-in that a command line names, and returns how it ended; undefined where it names none. It is told the server and the project, and is handed the token of whoever is signed in, as
 * the commands of ours have them.
 */
export async function runPlugIn(
  terminal: Terminal,
  program: Command,
  args: readonly string[],
): Promise<number | undefined> {
  const command = commandIn(program, args)
  const name = command && args[command.at]
  const builtIn = builtInNames(program)
  if (!command || name === undefined || !wellNamed.test(name) || builtIn.has(name)) return undefined
  const plugIn = (await findPlugIns(terminal.env, builtIn)).find((one) => one.name === name)
  if (!plugIn) return undefined
  const { url, token, project } = connect(terminal, command.options)
  const signedIn = token === undefined ? {} : { TRIVIUM_URL: url, TRIVIUM_TOKEN: token, TRIVIUM_PROJECT: project }
  const child = spawn(plugIn.path, args.slice(command.at + 1), {
    cwd: terminal.cwd,
    env: { ...terminal.env, ...signedIn },
    stdio: 'inherit',
  })
  const stop = (): void => void child.kill('SIGTERM')
  terminal.signal.addEventListener('abort', stop)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return code ?? exitCodes.failed
  } finally {
    terminal.signal.removeEventListener('abort', stop)
  }
}
