import { moveRunMetrics, queryRuns } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium metrics …` */
export function metricCommands(program: Command, terminal: Terminal): void {
  const group = program.command('metrics').description('Metric points of runs.')
  onAction(
    terminal,
    group
      .command('sql')
      .argument(
        '<select>',
        'one SELECT, such as "select run_id, min(value) from points where key = \'loss\' group by 1"',
      )
      .option('--experiment <id...>', 'only runs of these experiments')
      .option('--run <id...>', 'only these runs')
      .option('--key <name...>', 'only these metrics')
      .description(
        'Queries the tables runs, params, tags, metrics and points: all points, in the database and in Parquet files. --json gives the rows for programs.',
      ),
    async ({ client, project, options, show }, sql: string) => {
      const list = (name: string): string[] | undefined => options[name] as string[] | undefined
      const [experiments, runs, keys] = [list('experiment'), list('run'), list('key')]
      const body = {
        sql,
        ...(experiments ? { experiments } : {}),
        ...(runs ? { runs } : {}),
        ...(keys ? { keys } : {}),
      }
      show(await client.call(queryRuns, { params: { project }, body }), ({ columns, rows }) =>
        tableText(
          columns.map(({ name }) => name),
          rows.map((row) => row.map(textOf)),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('move')
      .argument('<run...>', 'ids of runs that have ended')
      .description(
        'Moves the points of ended runs to Parquet files now; the server does it by itself some days after their end.',
      ),
    async ({ client, project, show }, ids: string[]) => {
      const moved: { run: string; points: number; bytes: number }[] = []
      for (const run of ids) moved.push({ run, ...(await client.call(moveRunMetrics, { params: { project, run } })) })
      show({ moved }, () =>
        tableText(
          ['run', 'points', 'bytes'],
          moved.map(({ run, points, bytes }) => [run, points, bytes]),
        ),
      )
    },
  )
}

const textOf = (value: unknown): string =>
  value === null ? '' : typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
