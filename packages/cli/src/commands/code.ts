import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type CodeForks, getCodeForks, mergeCommand, recordCodeForks } from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, countText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { commitOf, measureLines, patchOf, repositoryAt, usualBase } from '../tracked/code-lines.ts'
import { experimentOf } from './experiments.ts'

/** `trivium code …` */
export function codeCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('code')
    .description(
      'Lines of code that train models: branches and forks, how far they diverge, and what merging them meets.',
    )
  onAction(
    terminal,
    group
      .command('forks')
      .argument('<experiment>', 'its name')
      .option('--base <name>', 'branch or commit that the others are measured against; the main branch unless said')
      .option('--repository <folder>', 'where the code is, in place of here')
      .option('--metric <key>', 'by which the best run of each line is named, such as auc')
      .option('--recorded', 'shows what was measured last, and measures nothing')
      .description(
        'Measures in the repository which lines of code the runs come from and how far they diverge, records it, and shows it.',
      ),
    async (work, name: string) => {
      const { client, project, options, show } = work
      const params = { project, experiment: await experimentOf(client, project, name) }
      const { metric } = options as { metric?: string }
      const query = metric === undefined ? {} : { metric }
      if (options['recorded'] !== true) {
        const repository = await repositoryOf(work)
        const { commits } = await client.call(getCodeForks, { params, query })
        const base = (options['base'] as string | undefined) ?? (await usualBase(repository))
        await client.call(recordCodeForks, { params, body: await measureLines(repository, commits, base) })
      }
      show(await client.call(getCodeForks, { params, query }), forksText)
    },
  )
  onAction(
    terminal,
    group
      .command('patch')
      .argument('<experiment>', 'its name')
      .argument('<line>', 'name of a line, as forks shows it')
      .option('--repository <folder>', 'where the code is, in place of here')
      .option('--out <file>', 'writes it there, in place of to the terminal')
      .description('Writes what a line changes since it left the base, whole, for git apply.'),
    async (work, name: string, wanted: string) => {
      const { client, project, options } = work
      const params = { project, experiment: await experimentOf(client, project, name) }
      const { lines } = await client.call(getCodeForks, { params, query: {} })
      const [line, base] = [lines.find((one) => one.name === wanted), lines.find((one) => one.isBase)]
      if (!line || !base || line === base)
        throw new UsageError(
          `There is no line "${wanted}" beside the base. trivium code forks ${name} measures and names them.`,
        )
      const repository = await repositoryOf(work)
      const patch = await patchOf(repository, base.tip, await commitOf(repository, line.tip))
      const out = options['out'] as string | undefined
      if (out === undefined) terminal.out(patch)
      else {
        await writeFile(resolve(terminal.cwd, out), patch)
        work.show(
          { file: out, line: line.name, base: base.name },
          () => `${out}: ${line.name} since it left ${base.name}.`,
        )
      }
    },
  )
}

const repositoryOf = ({ terminal, options }: Action) =>
  repositoryAt(resolve(terminal.cwd, (options['repository'] as string | undefined) ?? '.'), terminal.env)

function forksText(found: CodeForks): string {
  const { lines, missing, unmeasured, withoutCommit, metric } = found
  const base = lines.find((one) => one.isBase)
  if (!base) return 'Nothing was measured yet. Run trivium code forks where the repository is.'
  const table = tableText(
    [
      'line',
      'runs',
      'models',
      metric === null ? 'best' : `best ${metric}`,
      'left the base',
      'ahead',
      'behind',
      'lines',
      'files',
      'also in base',
      'conflicts',
    ],
    lines.map((one) => [
      one.isBase ? `${one.name} (base)` : one.name,
      one.runs,
      one.models.map(({ model, version }) => `${model}@${version}`).join(', '),
      one.best ? `${Number(one.best.value.toPrecision(5))}, best of ${one.best.of}` : null,
      one.isBase
        ? null
        : one.mergeBase
          ? `${timeText(one.mergeBase.at)} at ${one.mergeBase.commit.slice(0, 8)}`
          : 'no history in common',
      one.isBase ? null : one.ahead,
      one.isBase ? null : one.behind,
      one.isBase ? null : `+${one.added} −${one.removed}`,
      one.isBase ? null : one.touched,
      one.isBase ? null : one.files.filter((file) => file.inBase).length,
      one.isBase
        ? null
        : one.conflicts === null
          ? 'not tried'
          : one.conflicts.map(({ path }) => path).join(', ') || 'none',
    ]),
  )
  const merges = lines
    .filter((one) => !one.isBase && one.mergeBase !== null)
    .map((one) => `${mergeCommand(base, one)}   # ${one.name}`)
  return [
    table,
    ...(merges.length > 0 ? [`To merge back:\n${merges.join('\n')}`] : ['Every run is of the base.']),
    ...(missing.length > 0
      ? [
          `${amountText(missing.length, 'commit')} of runs not in this repository: ${missing
            .slice(0, 5)
            .map((one) => one.slice(0, 12))
            .join(
              ', ',
            )}. Fetch their fork: ${[...new Set(unmeasured.flatMap((one) => (missing.includes(one.commit) ? (one.repository ?? []) : [])))].join(', ') || 'its repository is not recorded'}.`,
        ]
      : []),
    ...(unmeasured.length > missing.length
      ? [`${amountText(unmeasured.length - missing.length, 'commit')} came since. Measure again.`]
      : []),
    ...(withoutCommit > 0 ? [`${countText(withoutCommit)} runs recorded no commit.`] : []),
  ].join('\n\n')
}
