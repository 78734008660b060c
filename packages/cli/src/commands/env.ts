import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'

const trackingPackage = fileURLToPath(new URL('../../../../python/client', import.meta.url))
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** `trivium env`: what a shell needs so that clients find the server. */
export function envCommand(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('env')
      .option(
        '--package',
        'prints the folder of the Python package that keeps the console of plain programs, for pip install',
      )
      .description('Prints what clients need to find this server: eval "$(trivium env)".'),
    ({ url, token, options, show }) => {
      if (options['package']) return show({ package: trackingPackage }, (one) => one.package)
      if (token === undefined)
        throw new FailedError(
          `There is no token for ${url}. Set TRIVIUM_TOKEN, or name the data directory of the server with --data.`,
        )
      show(
        { TRIVIUM_URL: url, TRIVIUM_TOKEN: token, MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: token },
        (variables) =>
          Object.entries(variables)
            .map(([name, value]) => `export ${name}=${quoted(value)}`)
            .join('\n'),
      )
    },
  )
}
