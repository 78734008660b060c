import { setTimeout as sleep } from 'node:timers/promises'
import { exportEvents, listEvents, type SealedEvent, streamEvents } from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import { pointInTime, wholeNumber } from '../parse.ts'
import { principalId } from '../principal-id.ts'
import { readEventStream } from '../read-event-stream.ts'
import type { Terminal } from '../terminal.ts'
import { verifyCommand } from './events-verify.ts'

const againMs = 1000
const line = ({ seq, at, name, subject, by }: SealedEvent): string =>
  `${seq}  ${timeText(at)}  ${name}  ${subject}  ${by}`

/** `trivium events tail|list|export|verify` */
export function eventCommands(program: Command, terminal: Terminal): void {
  const group = program.command('events').description('Events: every change of state, in one order.')
  onAction(
    terminal,
    group
      .command('tail')
      .option('-n, --lines <number>', 'events to begin with', wholeNumber, 10)
      .option('--name <event>', 'only events of this name')
      .option('--no-follow', 'ends after the ones that are there')
      .description('Shows the newest events and goes on with new ones until Ctrl-C; with --json one object a line.'),
    async (work) => {
      const { client, project, options } = work
      const { lines = 10, name } = options as { lines?: number; name?: string }
      const query = { limit: Math.max(1, lines), ...(name === undefined ? {} : { name }) }
      const { events, head } = await client.call(listEvents, { params: { project }, query })
      for (const event of lines === 0 ? [] : events.toReversed()) work.show(event, line)
      if (options['follow'] !== false) await follow(work, head, name)
    },
  )
  onAction(
    terminal,
    withFilter(group.command('list'))
      .option('-n, --limit <number>', 'how many', wholeNumber, 50)
      .option('--before <seq>', 'only before this number', wholeNumber)
      .description('Lists events, newest first.'),
    async (work) => {
      const { limit, before } = work.options as { limit?: number; before?: number }
      const query = {
        ...(await filterOf(work)),
        limit: Math.min(1000, Math.max(1, limit ?? 50)),
        ...(before === undefined ? {} : { before }),
      }
      work.show(await work.client.call(listEvents, { params: { project: work.project }, query }), ({ events }) =>
        tableText(
          ['seq', 'at', 'event', 'subject', 'by'],
          events.map((event) => [event.seq, timeText(event.at), event.name, event.subject, event.by]),
        ),
      )
    },
  )
  onAction(
    terminal,
    withFilter(group.command('export')).description(
      'Prints events as JSON Lines, oldest first. The SHA-256 of a line is the digest of the event in the hash chain.',
    ),
    async (work) => {
      const response = await work.client.raw(exportEvents, {
        params: { project: work.project },
        query: await filterOf(work),
        signal: terminal.signal,
      })
      const text = new TextDecoder()
      for await (const chunk of response.body ?? []) terminal.out(text.decode(chunk, { stream: true }))
    },
  )
  verifyCommand(group, terminal)
}

const withFilter = (command: Command): Command =>
  command
    .option('--name <events>', 'only events of these names, comma-separated')
    .option('--by <name>', 'only what this person or service account did (a name, or an id such as system:monitoring)')
    .option('--kind <kind>', 'only about this kind of thing: model, deployment, token …')
    .option('--subject <text>', 'only about this: a URN, or a part of one')
    .option('--since <time>', 'from this time on: 2026-11-21, or how long ago such as 7d', pointInTime)
    .option('--until <time>', 'before this time', pointInTime)

/** The filter of the API; people are named by their names. */
async function filterOf({ client, project, options }: Action) {
  const { name, by, kind, subject, since, until } = options as Record<string, string | undefined> & {
    since?: number
    until?: number
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(by === undefined ? {} : { by: await principalId(client, project, by) }),
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined ? {} : { subject }),
    ...(since === undefined ? {} : { from: since }),
    ...(until === undefined ? {} : { to: until }),
  }
}

/** Reads on from where it was after each break: events have numbers without gaps. */
async function follow(work: Action, from: number, name: string | undefined): Promise<void> {
  const { client, project, terminal } = work
  let after = from
  while (!terminal.signal.aborted) {
    try {
      const response = await client.raw(streamEvents, {
        params: { project },
        query: { after },
        signal: terminal.signal,
      })
      if (response.body)
        for await (const { event: kind, data } of readEventStream(response.body)) {
          if (kind !== 'event') continue
          const event = JSON.parse(data) as SealedEvent
          after = event.seq
          if (name === undefined || event.name === name) work.show(event, line)
        }
    } catch (error) {
      if (terminal.signal.aborted) return
      if (error instanceof ApiError && error.status !== 0 && error.status < 500) throw error
    }
    await sleep(againMs, undefined, { signal: terminal.signal }).catch(() => {})
  }
}
