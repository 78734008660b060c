import { type ChainReport, getSession, verifyEvents } from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { dataDirectory } from '../connection.ts'
import { FailedError } from '../fail.ts'
import { amountText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium events verify` */
export function verifyCommand(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('verify')
      .option('--offline', 'reads the data directory of a stopped server (--data) instead of asking one')
      .description(
        'Recomputes the hash chain from the events and compares it with the signed checkpoints. Ends with 1 when an event was changed, removed, moved or inserted, or when the end is cut off, and says where. Without --project every project that you may audit.',
      ),
    async (work) => {
      const reports = work.options['offline'] === true ? await verifyHere(work) : await askServer(work)
      work.show({ intact: reports.every(({ intact }) => intact), reports }, (all) =>
        all.reports.map(reportText).join('\n\n'),
      )
      const broken = reports.filter(({ intact }) => !intact)
      if (broken.length > 0)
        throw new FailedError(
          `The events of ${broken.map(({ project }) => project).join(', ')} are not as they were sealed.`,
        )
    },
  )
}

const named = ({ options, terminal }: Action): string | undefined => options.project ?? terminal.env['TRIVIUM_PROJECT']

async function askServer(work: Action): Promise<ChainReport[]> {
  const { client } = work
  const project = named(work)
  const { projects } = project === undefined ? await client.call(getSession, {}) : { projects: [] }
  const mine = projects.filter(({ permissions }) => permissions.includes('audit:read')).map(({ name }) => name)
  // Without any the server says which permission is missing.
  const names = project !== undefined ? [project] : mine.length > 0 ? mine : [work.project]
  const reports: ChainReport[] = []
  for (const name of names) reports.push(await client.call(verifyEvents, { params: { project: name } }))
  return reports
}

async function verifyHere(work: Action): Promise<ChainReport[]> {
  const { loadConfig, verifyOffline } = await import('@trivium/server')
  const flags = { data: dataDirectory(work.terminal, work.options) }
  return verifyOffline(loadConfig({ flags, environment: { ...work.terminal.env } }), named(work))
}

function reportText({ project, intact, events, seq, checkpoint, problems, more }: ChainReport): string {
  const signed = checkpoint
    ? `signed up to ${checkpoint.seq} at ${timeText(checkpoint.at)} with key ${checkpoint.keyId}`
    : 'no checkpoint yet'
  if (intact) return `${project}: ${amountText(events, 'event')} as sealed, up to ${seq}; ${signed}.`
  return [
    `${project}: not as sealed (${amountText(events, 'event')} looked at, up to ${seq}; ${signed}).`,
    tableText(
      ['seq', 'event', 'what', 'detail'],
      problems.map((one) => [one.seq, one.event, one.kind, one.detail]),
    ),
    ...(more > 0 ? [`And ${more} more.`] : []),
  ].join('\n')
}
