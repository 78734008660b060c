import {
  confirmRunDraft,
  type Explanation,
  explainMetric,
  type Frontier,
  getFrontier,
  getRunDrafts,
  listRunDrafts,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import { amountText, countText, durationText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { experimentOf } from './experiments.ts'
import { runOf } from './run-reference.ts'

/** What is learned from the runs of an experiment: `trivium experiments explain|frontier|drafts|confirm`. */
export function explorationCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('explain')
      .argument('<experiment>', 'its name')
      .requiredOption('--metric <key>', 'such as auc')
      .option('--filter <text>', 'which runs, as for runs')
      .option('--direction <which>', 'higher-is-better or lower-is-better, where the name does not say it')
      .description(
        'Says what explains the differences of a metric, what the best runs share, and which repeat others.',
      ),
    async ({ client, project, options, show }, name: string) => {
      const { metric = '', filter, direction } = options as { metric?: string; filter?: string; direction?: never }
      const query = { metric, ...(filter === undefined ? {} : { filter }), ...(direction ? { direction } : {}) }
      const params = { project, experiment: await experimentOf(client, project, name) }
      show(await client.call(explainMetric, { params, query }), explanationText)
    },
  )
  onAction(
    terminal,
    group
      .command('frontier')
      .argument('[experiment]', 'its name')
      .option('--model <name>', 'of the experiments whose runs became its versions, in place of one experiment')
      .option('--metric <key>', 'such as auc')
      .description('Shows what was tried, what it cost, and what never was tried, with the reason to.'),
    async ({ client, project, options, show }, name: string | undefined) => {
      const { model, metric } = options as { model?: string; metric?: string }
      if ((name === undefined) === (model === undefined))
        throw new FailedError('Name an experiment, or a model with --model.')
      const query = {
        ...(name === undefined ? { model: model ?? '' } : { experiment: await experimentOf(client, project, name) }),
        ...(metric === undefined ? {} : { metric }),
      }
      show(await client.call(getFrontier, { params: { project }, query }), frontierText)
    },
  )
  onAction(
    terminal,
    group
      .command('drafts')
      .argument('<experiment>', 'its name')
      .option('--confirmed', 'those that somebody confirmed')
      .description('Shows the newest ten drafts of what runs show, made from their records.'),
    async ({ client, project, options, show }, name: string) => {
      const state = options['confirmed'] === true ? ('confirmed' as const) : ('open' as const)
      const params = { project, experiment: await experimentOf(client, project, name) }
      show(await client.call(listRunDrafts, { params, query: { state, limit: 10 } }), ({ drafts, open, confirmed }) =>
        [
          ...drafts.map(
            ({ of, run, members, text, note }) =>
              `# ${run.name} ${run.id}${of === 'group' ? `, group of ${members.length}` : ''}\n${note ? `${note.text}\n(${note.byName})` : text}\n`,
          ),
          `${countText(open)} to confirm, ${countText(confirmed)} confirmed.`,
        ].join('\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('confirm')
      .argument('<run>', 'its id or name')
      .option('--group', 'the note on its group of repeats')
      .option('--text <markdown>', 'other words than those of the draft')
      .description('Confirms what was drafted of a run, as it is or in other words.'),
    async ({ client, project, options, show }, reference: string) => {
      const of = options['group'] === true ? ('group' as const) : ('run' as const)
      const params = { project, run: await runOf(client, project, reference) }
      const { drafts } = await client.call(getRunDrafts, { params })
      const draft = drafts.find((one) => one.of === of)
      if (!draft)
        throw new FailedError(
          of === 'group'
            ? `${reference} has no repeats.`
            : `${reference} still runs: its draft is made once it has ended.`,
        )
      const text = options['text'] as string | undefined
      const body = { digest: draft.digest, ...(text === undefined ? {} : { text }) }
      show(
        await client.call(confirmRunDraft, { params: { ...params, of }, body }),
        ({ note, run }) => `${note?.text ?? ''}\n\nKept as the note on ${run.name}.`,
      )
    },
  )
}

const number = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(4))))
const range = (low: number | null, high: number | null): string =>
  low === null || high === null ? '' : `${number(low)} to ${number(high)}`

function explanationText(found: Explanation): string {
  const { fit, metric, best, repeats } = found
  const counted = `${amountText(found.runs, 'finished run')} of ${countText(found.looked)} with ${metric}.`
  return [
    fit
      ? `${counted} What was recorded explains ${number(fit.explained)} of its variance (95 % interval ${range(fit.low, fit.high)}).`
      : `${counted} ${found.reason ?? ''}`,
    ...(found.importance.length > 0
      ? [
          tableText(
            ['factor', 'values', 'importance', '95 % interval', 'rank correlation'],
            found.importance.map((one) => [
              one.kind === 'param' ? one.key : `${one.kind} ${one.key}`,
              one.values,
              number(one.importance),
              range(one.low, one.high),
              number(one.correlation),
            ]),
          ),
        ]
      : []),
    ...(best.shared.length > 0
      ? [
          `The best ${best.runs} share:`,
          tableText(
            ['factor', 'best', 'rest', 'p'],
            best.shared.map((one) => [
              one.key,
              one.shareOfBest === null ? one.best : `${one.best} (${Math.round(one.shareOfBest * 100)} %)`,
              one.shareOfRest === null ? one.rest : `${Math.round(one.shareOfRest * 100)} %`,
              number(one.p),
            ]),
          ),
        ]
      : []),
    `${amountText(repeats.configurations, 'configuration')}; ${amountText(repeats.redundantRuns, 'run')} repeat another with the same seed. ${amountText(found.front.dominated, 'run')} beaten in both value and time.`,
  ].join('\n\n')
}

function frontierText({ tried, spent, metric, suggestions, running }: Frontier): string {
  const last = spent.records.at(-1)
  return [
    `${amountText(tried.configurations, 'configuration')} in ${amountText(tried.runs, 'run')}, ${countText(tried.running)} running, ${countText(tried.failed)} failed; ${durationText(spent.totalMs)} of compute, ${durationText(spent.failedMs)} of it failed.`,
    last
      ? `Best ${metric ?? ''} ${number(last.value)} by ${last.run.name}${last.low === null ? ' (one run: its spread is not known)' : ` (mean ${number(last.mean)}, 95 % interval ${range(last.low, last.high)}, ${last.n} repeats)`}, after ${durationText(last.spentMs)}; ${durationText(spent.sinceBestMs ?? 0)} since then.`
      : 'No metric says yet which run is better.',
    ...(running.length > 0 ? [`Running: ${running.map((run) => run.name).join(', ')}`] : []),
    ...(suggestions.length > 0
      ? ['Never tried:', ...suggestions.map(({ text, why }) => `- ${text} ${why}`)]
      : ['Nothing stands out as never tried.']),
  ].join('\n')
}
