import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { dataDirectory } from '../connection.ts'
import type { Finding } from '../doctor/check.ts'
import { checkBoundary } from '../doctor/boundary.ts'
import { checkDataDirectory, checkServer, checkTemporaryFolder } from '../doctor/places.ts'
import { checkGit, checkNode, checkPython } from '../doctor/toolchain.ts'
import { FailedError } from '../fail.ts'
import { tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium doctor`: what is there, what is missing, and what mends it. */
export function doctorCommand(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('doctor')
      .description(
        'Looks at this machine and says what is missing and how to mend it. Ends with 1 when something must be mended.',
      ),
    async (work) => {
      const found: Finding[] = (
        await Promise.all([
          checkNode(terminal),
          checkGit(terminal),
          checkPython(terminal),
          checkBoundary(terminal),
          checkTemporaryFolder(terminal),
          checkDataDirectory(dataDirectory(terminal, work.options)),
          checkServer(work),
        ])
      ).flat()
      work.show({ findings: found }, ({ findings }) =>
        [
          tableText(
            ['', 'check', 'found'],
            findings.map(({ check, state, found: what }) => [
              { ok: 'ok', warning: 'warning', failed: 'FAILED' }[state],
              check,
              what,
            ]),
          ),
          ...findings.flatMap(({ check, mend }) => (mend === null ? [] : [`${check}: ${mend}`])),
        ].join('\n'),
      )
      const broken = found.filter(({ state }) => state === 'failed')
      if (broken.length > 0) throw new FailedError(`${broken.map(({ check }) => check).join(', ')} must be mended.`)
    },
  )
}
