import { Command, CommanderError } from 'commander'
import { addUp } from './commands/up.ts'
import { exitCodeOf, messageOf } from './exit-code.ts'

const program = new Command('trivium')
  .description('The whole life of a machine-learning model in one self-hosted system.')
  .exitOverride()
addUp(program)

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(exitCodeOf(error))
  }
}
