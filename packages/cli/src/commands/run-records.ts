import {
  archiveRuns,
  compareRunSources,
  getHistograms,
  getRun,
  histogramQuantiles,
  listHistograms,
  readRunConsole,
  type RunSourceDifferences,
} from '@trivium/contract'
import type { Command } from 'commander'
import { setTimeout as sleep } from 'node:timers/promises'
import { onAction } from '../command.ts'
import { amountText, tableText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { shownText } from '../shown-text.ts'
import type { Terminal } from '../terminal.ts'
import { runOf } from './run-reference.ts'

const ended: ReadonlySet<string> = new Set(['FINISHED', 'FAILED', 'KILLED'])

/** `trivium experiments console|histograms|archive|unarchive|sources` */
export function runRecordCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('console')
      .argument('<run>', 'id or name of a run')
      .option('--last <number>', 'only the last lines', wholeNumber)
      .option('--follow', 'goes on until the run has ended')
      .description('Shows what a run wrote to its console.'),
    async ({ client, project, options, show }, reference: string) => {
      const run = await runOf(client, project, reference)
      const params = { project, run }
      const { last, follow } = options as { last?: number; follow?: boolean }
      let from = 0
      if (last !== undefined) {
        const page = await client.call(readRunConsole, { params, query: { last } })
        from = page.first
      }
      for (;;) {
        const status = follow ? (await client.call(getRun, { params })).status : 'FINISHED'
        for (;;) {
          const page = await client.call(readRunConsole, { params, query: { from } })
          if (options.json) show(page, String)
          else for (const line of page.lines) terminal.out(`${shownText(line.text)}\n`)
          from = page.first + page.lines.length
          if (page.lines.length === 0 || from >= page.total) break
        }
        if (ended.has(status)) return
        await sleep(1000, undefined, { signal: terminal.signal })
      }
    },
  )
  onAction(
    terminal,
    group
      .command('histograms')
      .argument('<run>', 'id or name of a run')
      .argument('[key]', 'one of its histograms, by step; without it they are listed')
      .option('--points <number>', 'at most so many, evenly', wholeNumber, 20)
      .description('Shows how values were spread while a run ran: its histograms, or the quantiles of one by step.'),
    async ({ client, project, options, show }, reference: string, key: string | undefined) => {
      const params = { project, run: await runOf(client, project, reference) }
      if (key === undefined)
        return show(await client.call(listHistograms, { params }), ({ keys }) =>
          keys.length === 0
            ? 'The run logged no histogram.'
            : tableText(
                ['histogram', 'points', 'first step', 'last step', 'least', 'most'],
                keys.map((one) => [one.key, one.points, one.firstStep, one.lastStep, one.low, one.high]),
              ),
        )
      const points = options['points'] as number
      show(await client.call(getHistograms, { params, query: { key, points } }), (found) =>
        found.total === 0
          ? `The run has no histogram "${key}".`
          : tableText(
              ['step', 'values', 'least', 'p5', 'p50', 'p95', 'most', 'not finite'],
              found.points.map((one) => [
                one.step,
                one.count,
                one.min,
                ...histogramQuantiles(one, [0.05, 0.5, 0.95]).map((value) => value && Number(value.toPrecision(5))),
                one.max,
                (one.nan ?? 0) + (one.positiveInfinities ?? 0) + (one.negativeInfinities ?? 0),
              ]),
            ),
      )
    },
  )
  for (const [name, archived] of [
    ['archive', true],
    ['unarchive', false],
  ] as const)
    onAction(
      terminal,
      group
        .command(name)
        .argument('<run...>', 'ids or names of runs')
        .description(
          archived
            ? 'Puts runs into the archive: tables leave them out, nothing is deleted.'
            : 'Takes runs out of the archive.',
        ),
      async ({ client, project, show }, references: string[]) => {
        const runs: string[] = []
        for (const reference of references) runs.push(await runOf(client, project, reference))
        const answer = await client.call(archiveRuns, { params: { project }, body: { runs, archived } })
        show(
          answer,
          ({ changed }) => `${amountText(changed, 'run')} ${archived ? 'archived' : 'taken out of the archive'}.`,
        )
      },
    )
  onAction(
    terminal,
    group
      .command('sources')
      .argument('<baseline>', 'id or name of a run')
      .argument('<run>', 'id or name of the run to compare with it')
      .description('Compares the code, packages and configuration of two runs.'),
    async ({ client, project, show }, baseline: string, other: string) => {
      const [base, run] = [await runOf(client, project, baseline), await runOf(client, project, other)]
      show(await client.call(compareRunSources, { params: { project }, query: { base, run } }), describeSources)
    },
  )
}

function describeSources({ code, environment, configuration, problems }: RunSourceDifferences): string {
  const missing = ({ kept }: { kept: { before: boolean; after: boolean } }): string | undefined =>
    kept.before && kept.after
      ? undefined
      : kept.before || kept.after
        ? 'kept by one of the runs only'
        : 'kept by neither run'
  return [
    missing(code)
      ? `Code: ${missing(code)}.`
      : code.files.length === 0
        ? `Code: ${amountText(code.same, 'file')}, all the same.`
        : tableText(
            ['code', 'file'],
            code.files.map(({ change, path }) => [change, path]),
          ),
    missing(environment)
      ? `Packages: ${missing(environment)}.`
      : environment.packages.length === 0
        ? `Packages: ${environment.same}, all the same.`
        : tableText(
            ['package', 'baseline', 'run'],
            environment.packages.map(({ name, before, after }) => [name, before, after]),
          ),
    ...(configuration.kept.before || configuration.kept.after
      ? [
          tableText(
            ['configuration', 'baseline', 'run'],
            configuration.changes.map(({ path, before, after }) => [path, valueText(before), valueText(after)]),
          ),
        ]
      : []),
    ...problems,
  ].join('\n\n')
}

const valueText = (value: unknown): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)
