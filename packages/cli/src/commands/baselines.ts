import {
  addBaseline,
  type Baseline,
  type BaselineJudgement,
  type BodyOf,
  getBaseline,
  judgeBaselines,
  linkReproductions,
  listBaselines,
  type PublishedSpread,
  retireBaseline,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { amountText, tableText } from '../output.ts'
import { readDocument } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'
import { experimentOf } from './experiments.ts'
import { runOf } from './run-reference.ts'

type NewBaseline = BodyOf<typeof addBaseline>

/** `trivium baselines …` */
export function baselineCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('baselines')
    .description('Published and external results with their exact protocol, and how own runs compare with them.')
  onAction(
    terminal,
    group
      .command('list')
      .argument('<experiment>', 'its name')
      .option('--retired', 'those that were retired, too')
      .description('Lists the baselines of an experiment, the newest first.'),
    async ({ client, project, options, show }, name: string) => {
      const params = { project, experiment: await experimentOf(client, project, name) }
      const query = { retired: options['retired'] === true }
      show(await client.call(listBaselines, { params, query }), ({ baselines }) =>
        tableText(
          ['id', 'baseline', 'metric', 'published', 'dataset', 'split', 'from', 'reproductions'],
          baselines.map((one) => [
            one.id,
            one.retiredAt === null ? one.name : `${one.name} (retired: ${one.retiredReason})`,
            one.metric,
            publishedText(one),
            datasetText(one),
            one.split || 'all of it',
            [one.source.title, one.source.published].filter(Boolean).join(', '),
            one.reproductions,
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('add')
      .argument('<experiment>', 'its name')
      .argument('<file>', 'the baseline as YAML or JSON')
      .description('Stores a published result with its exact protocol, from a file that can be reviewed.'),
    async ({ client, project, show }, name: string, file: string) => {
      const experiment = await experimentOf(client, project, name)
      const body = filled(await readDocument<Record<string, unknown>>(terminal, file))
      show(await client.call(addBaseline, { params: { project, experiment }, body }), said)
    },
  )
  onAction(
    terminal,
    group
      .command('show')
      .argument('<baseline>', 'its id')
      .description('Shows a baseline with its protocol, and how runs that reproduce it came out.'),
    async ({ client, project, show }, baseline: string) => {
      show(await client.call(getBaseline, { params: { project, baseline } }), (found) => {
        const one = found.baseline
        const params = Object.entries(one.params).map(([key, value]) => `${key}: ${value}`)
        return [
          said(one),
          `${[one.source.title, one.source.published, one.source.url].filter(Boolean).join(', ')}\nTask: ${one.task}\nData: ${datasetText(one)}, ${one.split || 'all of it'}\n${one.metric}: ${one.definition}`,
          one.protocol,
          ...(params.length > 0 ? [`Parameters: ${params.join(', ')}`] : []),
          ...(one.seeds.length > 0 ? [`Seeds: ${one.seeds.join(', ')}`] : []),
          ...(one.code === '' ? [] : [`Code: ${one.code}`]),
          found.runs.length === 0 ? 'No run reproduces it yet.' : judgementsText({ ...found, baselines: [one] }),
        ].join('\n\n')
      })
    },
  )
  onAction(
    terminal,
    group
      .command('retire')
      .argument('<baseline>', 'its id')
      .argument('[reason]', 'why it is no longer shown beside runs')
      .option('--back', 'takes it back into use')
      .description('Retires a baseline. It is not edited: add the corrected one.'),
    async ({ client, project, options, show }, baseline: string, reason: string | undefined) => {
      const body = { retired: options['back'] !== true, ...(reason === undefined ? {} : { reason }) }
      show(await client.call(retireBaseline, { params: { project, baseline }, body }), said)
    },
  )
  onAction(
    terminal,
    group
      .command('link')
      .argument('<baseline>', 'its id')
      .argument('<run...>', 'ids or names of runs')
      .option('--remove', 'they no longer reproduce it')
      .description('Says of runs that they reproduce a baseline.'),
    async ({ client, project, options, show }, baseline: string, references: string[]) => {
      const runs: string[] = []
      for (const reference of references) runs.push(await runOf(client, project, reference))
      const body = { runs, linked: options['remove'] !== true }
      show(
        await client.call(linkReproductions, { params: { project, baseline }, body }),
        (found) => `${said(found)} Reproduced by ${amountText(found.reproductions, 'run')}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('judge')
      .argument('<run...>', 'ids or names of runs')
      .description('Judges runs against the baselines of their experiments.'),
    async ({ client, project, show }, references: string[]) => {
      const runs: string[] = []
      for (const reference of references) runs.push(await runOf(client, project, reference))
      show(await client.call(judgeBaselines, { params: { project }, query: { runs: runs.join(',') } }), judgementsText)
    },
  )
}

/** What a file may leave out; numbers among parameters and seeds are texts on the wire. */
function filled(read: Record<string, unknown>): NewBaseline {
  const source = read['source']
  const dataset = read['dataset']
  const [, name, version] = typeof dataset === 'string' ? (/^(.*)@(\d+)$/.exec(dataset) ?? []) : []
  const params = Object.entries((read['params'] as Record<string, unknown> | undefined) ?? {})
  return {
    split: '',
    code: '',
    spread: { kind: 'none' },
    ...read,
    source:
      typeof source === 'string'
        ? { title: source, url: '', published: '' }
        : { url: '', published: '', ...(source as object) },
    dataset:
      name !== undefined && version !== undefined
        ? { name, version: Number(version), digest: '' }
        : { version: null, digest: '', ...(dataset as object) },
    params: Object.fromEntries(params.map(([key, value]) => [key, String(value)])),
    seeds: ((read['seeds'] as unknown[] | undefined) ?? []).map(String),
  } as NewBaseline
}

const number = (value: number): string => String(Number(value.toPrecision(5)))
const range = (low: number | null, high: number | null): string =>
  low === null || high === null ? '' : `${number(low)} to ${number(high)}`
const datasetText = ({ dataset }: Baseline): string =>
  dataset.version === null ? `${dataset.name} (${dataset.digest})` : `${dataset.name}@${dataset.version}`
const publishedText = ({ value, spread }: Baseline): string => `${number(value)} (${spreadText(spread)})`

function spreadText(spread: PublishedSpread): string {
  if (spread.kind === 'none') return 'no spread published'
  const n = spread.repeats ? `, ${amountText(spread.repeats, 'repeat')}` : ''
  if (spread.kind === 'sd') return `sd ${number(spread.sd)}${n}`
  if (spread.kind === 'se') return `standard error ${number(spread.se)}${n}`
  if (spread.kind === 'range') return `${range(spread.low, spread.high)} in all${n}`
  return `${Math.round((spread.level ?? 0.95) * 1000) / 10} % interval ${range(spread.low, spread.high)}${n}`
}

const said = (one: Baseline): string =>
  `${one.id} ${one.name}: ${one.metric} ${publishedText(one)}${one.retiredAt === null ? '.' : `; retired: ${one.retiredReason}`}`

function judgementsText(found: {
  readonly baselines: readonly Baseline[]
  readonly runs: readonly { readonly id: string; readonly name: string }[]
  readonly judgements: readonly BaselineJudgement[]
  readonly comparisons: number
}): string {
  const { baselines, runs, judgements, comparisons } = found
  if (baselines.length === 0) return 'Their experiments have no baseline. trivium baselines add stores one.'
  const table = tableText(
    [
      'run',
      'baseline',
      'own mean',
      '95 % interval',
      'n',
      'published',
      'difference',
      '95 % interval',
      'p',
      'verdict',
      'published spread',
    ],
    judgements.map((one) => {
      const baseline = baselines.find(({ id }) => id === one.baseline)
      return [
        runs.find(({ id }) => id === one.run)?.name ?? one.run,
        `${baseline?.name ?? one.baseline}${one.reproduces ? ' (reproduced)' : ''}`,
        one.mean === null ? null : number(one.mean),
        range(one.low, one.high),
        one.n,
        baseline ? publishedText(baseline) : null,
        one.difference ? `${one.difference.value > 0 ? '+' : ''}${number(one.difference.value)}` : null,
        one.difference ? range(one.difference.low, one.difference.high) : null,
        one.difference ? (one.difference.p < 0.001 ? '< 0.001' : one.difference.p.toFixed(3)) : null,
        `${one.verdict} (${one.reason})`,
        `${one.spread.verdict} (${one.spread.reason})`,
      ]
    }),
  )
  const deviations = judgements
    .filter((one) => one.reproduces && one.deviations.length > 0)
    .map(
      (one) =>
        `${runs.find(({ id }) => id === one.run)?.name ?? one.run} deviates from the protocol: ${one.deviations.map(({ key, published, own }) => `${key} is ${own ?? 'not recorded'}, published ${published}`).join('; ')}.`,
    )
  const corrected = comparisons > 1 ? [`p is corrected for ${comparisons} comparisons (Holm).`] : []
  return [table, ...deviations, ...corrected].join('\n\n')
}
