import { setTimeout as sleep } from 'node:timers/promises'
import { listEvents, type SealedEvent, streamEvents } from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { readEventStream } from '../read-event-stream.ts'
import type { Terminal } from '../terminal.ts'

const againMs = 1000
const line = ({ seq, at, name, subject, by }: SealedEvent): string =>
  `${seq}  ${timeText(at)}  ${name}  ${subject}  ${by}`

/** `trivium events tail` */
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
