import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText } from '../output.ts'
import { builtInNames, findPlugIns } from '../plug-ins.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium plugins` */
export function plugInCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('plugins')
      .description('Lists the programs on the path that are commands here: trivium-NAME is called as trivium NAME.'),
    async ({ show }) => {
      show(await findPlugIns(terminal.env, builtInNames(program)), (found) =>
        found.length === 0
          ? 'There is no program trivium-NAME on the path.'
          : tableText(
              ['command', 'program', 'state'],
              found.map(({ name, path, state }) => [name, path, state]),
            ),
      )
    },
  )
}
