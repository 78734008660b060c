import { compareRunTables, type RunTables } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { amountText, countText, tableText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { shownText } from '../shown-text.ts'
import type { Terminal } from '../terminal.ts'
import { runOf } from './run-reference.ts'

/** `trivium experiments tables` */
export function runTableCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('tables')
      .argument('<path>', 'path of the table among the files of each run')
      .argument('<run...>', 'ids or names of runs; the first is the baseline')
      .option('--key <column>', 'column that says which rows belong together; their place unless said')
      .option('--all', 'also the rows that are the same')
      .option('--limit <number>', 'at most so many rows; 50 unless said', wholeNumber)
      .description('Compares tables that runs logged (CSV, Parquet, mlflow.log_table): the rows that differ.'),
    async ({ client, project, options, show }, path: string, references: string[]) => {
      const runs: string[] = []
      for (const reference of references) runs.push(await runOf(client, project, reference))
      const { key, all, limit } = options as { key?: string; all?: boolean; limit?: number }
      const query = {
        runs: runs.join(','),
        path,
        limit: Math.min(200, Math.max(1, limit ?? 50)),
        ...(key === undefined ? {} : { key }),
        ...(all ? {} : { differing: true }),
      }
      show(await client.call(compareRunTables, { params: { project }, query }), describeTables)
    },
  )
}

function describeTables({ tables, columns, rows, differing, page, key, nextPageToken }: RunTables): string {
  const lines = page.flatMap((row) =>
    tables.flatMap(({ name, problem }, at) => {
      const cells = row.cells[at]
      if (problem !== null) return []
      const values = columns.map((_, column) => {
        if (!cells) return column === 0 ? '(no such row)' : ''
        const text = shownText(cells[column] ?? '')
        return row.differs[at]?.includes(column) ? `${text} *` : text
      })
      return [[shownText(row.key), name, ...values]]
    }),
  )
  return [
    ...tables.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem}`])),
    `${countText(differing)} of ${amountText(rows, 'row')} differ; * marks what is not the baseline’s.`,
    ...(lines.length === 0 ? [] : [tableText([key ?? 'row', 'run', ...columns.map(({ name }) => name)], lines)]),
    ...(nextPageToken === null ? [] : ['There are more; --limit shows up to 200, the page of the comparison all.']),
  ].join('\n\n')
}
