import { exitCodes, showFailure } from './fail.ts'
import { createProgram } from './program.ts'
import { runPlugIn } from './plug-ins.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line (without `node` and the program's name) and returns its exit code. */
export async function run(terminal: Terminal, args: readonly string[]): Promise<number> {
  try {
    const program = createProgram(terminal)
    const ended = await runPlugIn(terminal, program, args)
    if (ended !== undefined) return ended
    await program.parseAsync([...args], { from: 'user' })
    return exitCodes.done
  } catch (error) {
    return showFailure(terminal, error, { json: args.includes('--json') })
  }
}
