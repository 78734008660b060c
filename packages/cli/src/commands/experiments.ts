import { compareRuns, groupRuns, listExperiments, type RunComparison, searchRuns } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, countText, durationText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { archivePolicyCommands } from './archive-policies.ts'
import { explorationCommands } from './exploration.ts'
import { experimentFileCommands } from './experiment-files.ts'
import { experimentViewCommands } from './experiment-views.ts'
import { replayCommand } from './replay.ts'
import { runRecordCommands } from './run-records.ts'
import { runOf } from './run-reference.ts'
import { runTableCommands } from './run-tables.ts'

const most = 200

/** `trivium experiments …` */
export function experimentCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('experiments')
    .alias('experiment')
    .description('Experiments, and the training runs that MLflow logs.')
  experimentViewCommands(group, terminal)
  explorationCommands(group, terminal)
  runRecordCommands(group, terminal)
  replayCommand(group, terminal)
  runTableCommands(group, terminal)
  archivePolicyCommands(group, terminal)
  experimentFileCommands(group, terminal)
  onAction(
    terminal,
    group.command('list').description('Lists experiments, the one with the newest run first.'),
    async ({ client, project, show }) => {
      show(await client.call(listExperiments, { params: { project }, query: { limit: most } }), ({ experiments }) =>
        tableText(
          ['experiment', 'runs', 'running', 'newest run'],
          experiments.map((one) => [one.name, one.runs, one.running, timeText(one.lastRunAt)]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('runs')
      .argument('<experiment>', 'its name')
      .option('--filter <text>', "as in MLflow: metrics.auc > 0.6 and params.kind = 'forest'")
      .option('--sort <text>', 'such as "metrics.auc desc"')
      .option('--columns <list>', 'such as metrics.auc,params.kind', 'metrics.*')
      .option('--limit <number>', 'at most so many', wholeNumber, 20)
      .description('Lists training runs of an experiment with metrics and parameters.'),
    async ({ client, project, options, show }, name: string) => {
      const { filter, sort, columns, limit } = options as Record<string, string | undefined> & { limit?: never }
      const experiment = await experimentOf(client, project, name)
      const query = {
        experiment,
        ...(limit === undefined ? {} : { limit: Number(limit) }),
        ...(filter === undefined ? {} : { filter }),
        ...(sort === undefined ? {} : { order_by: sort }),
        ...(columns === undefined ? {} : { columns }),
      }
      show(await client.call(searchRuns, { params: { project }, query }), ({ runs, total }) => {
        const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].toSorted()
        const params = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].toSorted()
        const table = tableText(
          ['run', 'name', 'state', ...metrics, ...params, 'began', 'took'],
          runs.map((run) => [
            run.id,
            run.name,
            run.status.toLowerCase(),
            ...metrics.map((key) => numberText(run.metrics[key])),
            ...params.map((key) => run.params[key]),
            timeText(run.startedAt),
            run.startedAt === null || run.endedAt === null ? null : durationText(run.endedAt - run.startedAt),
          ]),
        )
        return total > runs.length ? `${table}\n\nFirst ${countText(runs.length)} of ${countText(total)}.` : table
      })
    },
  )
  onAction(
    terminal,
    group
      .command('groups')
      .argument('<experiment>', 'its name')
      .requiredOption('--by <list>', 'parameters or tags, such as params.kind,tags.team')
      .option('--metrics <list>', 'such as metrics.auc,metrics.loss', '')
      .option('--filter <text>', 'as in MLflow')
      .description('Groups training runs, with mean and standard deviation of metrics.'),
    async ({ client, project, options, show }, name: string) => {
      const { by = '', metrics = '', filter } = options as { by?: string; metrics?: string; filter?: string }
      const experiment = await experimentOf(client, project, name)
      const query = { experiment, by, metrics, ...(filter === undefined ? {} : { filter }) }
      show(await client.call(groupRuns, { params: { project }, query }), ({ groups, total }) => {
        const keys = [...new Set(groups.flatMap((one) => Object.keys(one.metrics)))].toSorted()
        const table = tableText(
          [...by.split(','), 'runs', ...keys.flatMap((key) => [key, 'sd', 'n'])],
          groups.map((one) => [
            ...one.values,
            one.runs,
            ...keys.flatMap((key) => {
              const found = one.metrics[key]
              return [numberText(found?.mean), numberText(found?.sd), found?.n ?? null]
            }),
          ]),
        )
        return total > groups.length ? `${table}\n\nThe ${groups.length} largest of ${countText(total)} groups.` : table
      })
    },
  )
  onAction(
    terminal,
    group
      .command('compare')
      .argument('<baseline>', 'id or name of a run')
      .argument('<run...>', 'ids or names of the runs to compare with it')
      .option('--higher <list>', 'metrics of which more is better, where their names do not say it')
      .option('--lower <list>', 'metrics of which less is better')
      .description('Compares training runs: what differs, and what repeats with other seeds show.'),
    async ({ client, project, options, show }, baseline: string, others: string[]) => {
      const ids: string[] = []
      for (const reference of [baseline, ...others]) ids.push(await runOf(client, project, reference))
      const { higher, lower } = options as { higher?: string; lower?: string }
      const query = {
        runs: ids.join(','),
        ...(higher === undefined ? {} : { higher }),
        ...(lower === undefined ? {} : { lower }),
      }
      show(await client.call(compareRuns, { params: { project }, query }), describeComparison)
    },
  )
}

function describeComparison(comparison: RunComparison): string {
  const { runs, metrics, repeats, comparisons } = comparison
  const inputs = [...comparison.params, ...comparison.inputs]
  const differing = inputs.filter((one) => one.differs)
  const names = runs.map((run) => run.name)
  return [
    differing.length === 0
      ? 'Parameters and data are the same.'
      : tableText(
          [`${differing.length} of ${amountText(inputs.length, 'input')} differ`, ...names],
          differing.map(({ key, values }) => [key, ...values]),
        ),
    ...runs.slice(1).map((run, index) =>
      tableText(
        [`${run.name} against ${names[0]}`, 'baseline', 'value', 'mean difference', '95 % interval', 'p', 'verdict'],
        metrics.map(({ key, values, judgements }) => {
          const judged = judgements[index + 1]
          return [
            key,
            numberText(values[0]?.last),
            numberText(values[index + 1]?.last),
            signedText(judged?.difference),
            judged && judged.low !== null && judged.high !== null
              ? `${signedText(judged.low)} to ${signedText(judged.high)}`
              : null,
            pText(judged?.p),
            judged && `${judged.verdict} (${judged.reason})`,
          ]
        }),
      ),
    ),
    comparisons === 0
      ? 'Verdicts need repeats: finished runs with the same parameters and data but other seeds, two or more of each.'
      : `Means of repeats (${repeats.map((some, at) => `${names[at]}: ${amountText(some.length, 'run')}`).join(', ')}); p is corrected for ${amountText(comparisons, 'comparison')} (Holm).`,
  ].join('\n\n')
}

const numberText = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(Number(value.toPrecision(5)))
const signedText = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : `${value > 0 ? '+' : ''}${Number(value.toPrecision(3))}`
const pText = (p: number | null | undefined): string | null =>
  p === null || p === undefined ? null : p < 0.001 ? '< 0.001' : p.toFixed(3)

/** The id of an experiment of this name. */
export async function experimentOf(client: Client, project: string, name: string): Promise<string> {
  const { experiments } = await client.call(listExperiments, { params: { project }, query: { limit: 1000 } })
  const found = experiments.find((one) => one.name === name) ?? experiments.find((one) => one.id === name)
  if (!found)
    throw new UsageError(`There is no experiment "${name}" in ${project}. trivium experiments list shows them.`)
  return found.id
}
