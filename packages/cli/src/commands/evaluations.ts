import {
  compareEvaluations,
  type EvaluatedMetric,
  getEvaluation,
  listEvaluations,
  type MetricEstimate,
} from '@trivium/contract'
import { type Command, InvalidArgumentError } from 'commander'
import { onAction } from '../command.ts'
import { countText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const number = (value: number | null): string => (value === null ? '–' : value.toFixed(4))
const estimate = ({ value, low, high }: MetricEstimate): string =>
  `${number(value)} (${number(low)} to ${number(high)})`
const metricsText = (metrics: readonly EvaluatedMetric[]): string =>
  tableText(
    ['metric', 'value and 95 % interval'],
    metrics.map((metric) => [metric.metric, estimate(metric)]),
  )

/** `trivium evaluations …` */
export function evaluationCommands(program: Command, terminal: Terminal): void {
  const group = program.command('evaluations').description('Evaluations: models scored on named dataset versions.')
  onAction(
    terminal,
    group
      .command('list')
      .option('--dataset <name>', 'only those on a dataset')
      .option('--model <urn>', 'only those that saw a model: URN of a version or SHA-256 of a file')
      .description('Lists evaluations, newest first.'),
    async ({ client, project, options, show }) => {
      const { dataset, model } = options as { dataset?: string; model?: string }
      const query = { ...(dataset === undefined ? {} : { dataset }), ...(model === undefined ? {} : { model }) }
      show(await client.call(listEvaluations, { params: { project }, query }), ({ evaluations }) =>
        tableText(
          ['id', 'model', 'on', 'rows', 'metric', 'value', 'verdict', 'made'],
          evaluations.map((e) => [
            e.id,
            e.model.name,
            `${e.dataset.name}@${e.dataset.version}`,
            countText(e.rows),
            e.metrics[0]?.metric,
            number(e.metrics[0]?.value ?? null),
            e.comparison?.verdict,
            timeText(e.createdAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<id>', 'evl_…').description('Shows metrics, comparison and slices.'),
    async ({ client, project, show }, evaluation: string) => {
      show(await client.call(getEvaluation, { params: { project, evaluation } }), (found) =>
        [
          factsText({
            evaluation: found.id,
            model: found.model.name,
            'rows judged': `${found.testSetReuse.models} ${found.testSetReuse.models === 1 ? 'model' : 'models'}${found.testSetReuse.warning === null ? '' : `. ${found.testSetReuse.warning}`}`,
            champion: found.champion?.name,
            dataset: `${found.dataset.name} v${found.dataset.version}`,
            where: found.where,
            rows: `${countText(found.rows)} of ${found.blocks} days, ${timeText(found.from)} to ${timeText(found.to)}`,
            'without label': found.unlabelled || null,
          }),
          metricsText(found.metrics),
          ...(found.comparison ? [found.comparison.summary] : []),
          ...found.slices.map(({ column, slices }) =>
            tableText(
              [column, 'rows', ...found.metrics.map(({ metric }) => metric)],
              slices.map((slice) => [slice.value, countText(slice.rows), ...slice.metrics.map(estimate)]),
            ),
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('compare')
      .argument('<id>', 'evaluation of the candidate')
      .argument('<other>', 'evaluation of the champion')
      .option('--metric <name>', 'metric to judge by')
      .option('--margin <number>', 'loss that is still acceptable', (text) => {
        if (!(Number(text) >= 0)) throw new InvalidArgumentError('It must be a number of zero or more.')
        return Number(text)
      })
      .description('Compares the models of two evaluations row by row.'),
    async ({ client, project, options, show }, evaluation: string, other: string) => {
      const { metric, margin } = options as { metric?: EvaluatedMetric['metric']; margin?: number }
      const query = {
        with: other,
        ...(metric === undefined ? {} : { metric }),
        ...(margin === undefined ? {} : { margin }),
      }
      show(await client.call(compareEvaluations, { params: { project, evaluation }, query }), ({ summary }) => summary)
    },
  )
}
