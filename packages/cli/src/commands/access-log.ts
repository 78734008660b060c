import { listAccessLog, listInstanceAccessLog } from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import { pointInTime, wholeNumber } from '../parse.ts'
import { principalId } from '../principal-id.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium access-log` */
export function accessLogCommand(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('access-log')
      .addOption(new Option('--denied', 'only refused requests').conflicts('reads'))
      .option('--reads', 'only reads of tokens, secrets, rows of data, and exports')
      .option('--by <name>', 'only what this person or service account asked for')
      .option('--since <time>', 'from this time on: 2026-11-21, or how long ago such as 7d', pointInTime)
      .option('--until <time>', 'before this time', pointInTime)
      .option('-n, --limit <number>', 'how many', wholeNumber, 50)
      .option('--before <id>', 'only before this entry')
      .option('--all-projects', 'of all projects, and of requests that named none; for administrators')
      .description('Lists who was refused, and who read what is sensitive, newest first.'),
    async ({ client, project, options, show }) => {
      const { denied, reads, by, since, until, limit, before, allProjects } = options as {
        denied?: boolean
        reads?: boolean
        by?: string
        since?: number
        until?: number
        limit?: number
        before?: string
        allProjects?: boolean
      }
      const query = {
        limit: Math.min(1000, Math.max(1, limit ?? 50)),
        ...(denied ? { kind: 'denied' as const } : reads ? { kind: 'read' as const } : {}),
        ...(by === undefined ? {} : { by: await principalId(client, project, by) }),
        ...(since === undefined ? {} : { from: since }),
        ...(until === undefined ? {} : { to: until }),
        ...(before === undefined ? {} : { before }),
      }
      const found = allProjects
        ? await client.call(listInstanceAccessLog, { query })
        : await client.call(listAccessLog, { params: { project }, query })
      show(found, ({ entries }) =>
        tableText(
          ['at', 'what', 'status', 'by', 'asked for', 'from', 'times', 'id'],
          entries.map((one) => [
            timeText(one.at),
            one.what,
            one.status,
            one.byName ?? one.by ?? 'nobody',
            `${one.method} ${one.path}`,
            one.address,
            one.count,
            one.id,
          ]),
        ),
      )
    },
  )
}
