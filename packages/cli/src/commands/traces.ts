import { deleteTraces, getTrace, searchTraces, type TraceSpan } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, durationText, factsText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { experimentOf } from './experiments.ts'

const short = (text: string | null): string | null =>
  text !== null && text.length > 60 ? `${text.slice(0, 59)}…` : text

/** `trivium traces …` */
export function traceCommands(program: Command, terminal: Terminal): void {
  const group = program.command('traces').description('Traces: answers of programs, step by step.')
  onAction(
    terminal,
    group
      .command('list')
      .option('--experiment <name>', 'only those of an experiment')
      .option('--run <id>', 'only those of a run')
      .option('--deployment <name>', 'only those with the tag trivium.deployment')
      .option('--filter <text>', "as in MLflow: status = 'ERROR' and execution_time_ms > 1000")
      .option('--sort <text>', 'such as "execution_time_ms desc"')
      .option('--limit <number>', 'at most so many', wholeNumber, 20)
      .description('Lists traces, the newest first.'),
    async ({ client, project, options, show }) => {
      const { experiment, sort, limit, ...given } = options as Record<string, string | undefined>
      const query = {
        limit: Number(limit),
        ...(sort === undefined ? {} : { order_by: sort }),
        ...Object.fromEntries(
          ['run', 'deployment', 'filter'].flatMap((key) => (given[key] ? [[key, given[key]]] : [])),
        ),
        ...(experiment === undefined ? {} : { experiment: await experimentOf(client, project, experiment) }),
      }
      show(await client.call(searchTraces, { params: { project }, query }), ({ traces }) =>
        tableText(
          ['trace', 'name', 'state', 'asked', 'took', 'began'],
          traces.map((trace) => [
            trace.id,
            trace.name,
            trace.state.toLowerCase(),
            short(trace.request),
            trace.durationMs === null ? null : durationText(trace.durationMs),
            timeText(trace.startedAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<id>', 'tr-…').description('Shows a trace with its steps and what was said of it.'),
    async ({ client, project, show }, trace: string) => {
      show(await client.call(getTrace, { params: { project, trace } }), (found) =>
        [
          factsText({
            trace: found.trace.id,
            name: found.trace.name,
            state: found.trace.state.toLowerCase(),
            began: timeText(found.trace.startedAt),
            took: found.trace.durationMs === null ? null : durationText(found.trace.durationMs),
            run: found.trace.run,
            asked: found.trace.request,
            answered: found.trace.response,
          }),
          tableText(
            ['step', 'kind', 'state', 'took', 'failed with'],
            found.spans.map((span) => [
              `${'  '.repeat(depthOf(span, found.spans))}${span.name}`,
              span.type.toLowerCase(),
              span.status.toLowerCase(),
              span.endUs === null ? null : durationText((span.endUs - span.startUs) / 1000),
              span.message,
            ]),
          ),
          ...found.trace.assessments.map(
            (one) =>
              `${one.source}: ${one.name} = ${JSON.stringify(one.value)}${one.rationale === null ? '' : ` (${one.rationale})`}${one.valid ? '' : ', overridden'}`,
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('delete')
      .argument('<experiment>', 'its name')
      .option('--trace <ids...>', 'these traces')
      .option('--before <date>', 'those that began before it, such as 2026-01-31')
      .description('Removes traces of an experiment for ever.'),
    async ({ client, project, options, show }, name: string) => {
      const { trace, before } = options as { trace?: string[]; before?: string }
      if ((trace === undefined) === (before === undefined))
        throw new UsageError('Name the traces with --trace, or a date with --before.')
      const at = before === undefined ? undefined : Date.parse(before)
      if (at !== undefined && !(at > 0)) throw new UsageError(`"${before}" is no date. Write it as 2026-01-31.`)
      const experiment = await experimentOf(client, project, name)
      const body = { ...(trace ? { traces: trace } : {}), ...(at === undefined ? {} : { until: at - 1 }) }
      show(
        await client.call(deleteTraces, { params: { project, experiment }, body }),
        ({ deleted }) => `${amountText(deleted, 'trace')} removed.`,
      )
    },
  )
}

/** How many steps above it called each other to come to this one. */
function depthOf(span: TraceSpan, spans: readonly TraceSpan[]): number {
  let depth = 0
  for (let at = span; depth < 20; depth += 1) {
    const parent = spans.find((one) => one.id === at.parent)
    if (!parent) break
    at = parent
  }
  return depth
}
