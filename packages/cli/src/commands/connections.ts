import {
  allowEgress,
  type Connection,
  type EgressAllowance,
  type EgressConnection,
  egressConnections,
  listConnections,
  testConnection,
  withdrawEgress,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium connections list|test|allow|withdraw` */
export function connectionCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('connections')
    .description('Connections: what the server reaches outside of itself; for administrators of the instance.')
  onAction(
    terminal,
    group
      .command('list')
      .description('Every connection with how it went last, and the internal addresses that are allowed.'),
    async ({ client, show }) =>
      show(await client.call(listConnections, {}), ({ connections, allowances, setting }) =>
        [connectionsText(connections), '', ...allowancesText(allowances, setting)].join('\n'),
      ),
  )
  onAction(
    terminal,
    group
      .command('test')
      .argument('<connection>', 'name as `list` says it')
      .description('Tries a connection now; six times a minute at most. Ends with 1 where it fails.'),
    async ({ client, show }, name: string) => {
      const tried = await client.call(testConnection, { params: { connection: name } })
      show(tried, ({ ok, found, ms }) => `${name} ${ok ? 'works' : 'fails'}: ${found} (${ms} ms)`)
      if (!tried.ok) throw new FailedError(`Connection "${name}" does not work.`)
    },
  )
  onAction(
    terminal,
    group
      .command('allow')
      .argument('<connection>', egressConnections.join(', '))
      .argument('<address>', 'host, host:port, an address, or a network such as 10.1.0.0/16')
      .requiredOption('--reason <text>', 'why; it is kept in the event')
      .description('Lets one connection call an internal address, also without TLS.'),
    async ({ client, options, show }, name: string, address: string) => {
      const body = { connection: connectionOf(name), address, reason: String(options['reason']) }
      show(await client.call(allowEgress, { body }), (made) => `${made.connection} may call ${made.address}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('withdraw')
      .argument('<connection>', egressConnections.join(', '))
      .argument('<address>', 'as `list` says it')
      .requiredOption('--reason <text>', 'why; it is kept in the event')
      .description('Takes an allowed internal address back.'),
    async ({ client, options, show }, name: string, address: string) => {
      const connection = connectionOf(name)
      const { allowances } = await client.call(listConnections, {})
      const found = allowances.find((one) => one.connection === connection && one.address === address.toLowerCase())
      if (!found) throw new UsageError(`${address} is not allowed for ${connection}.`)
      await client.call(withdrawEgress, {
        params: { allowance: found.id },
        body: { reason: String(options['reason']) },
      })
      show({ withdrawn: found }, () => `${connection} may no longer call ${found.address}.`)
    },
  )
}

function connectionOf(name: string): EgressConnection {
  const known = egressConnections.find((one) => one === name)
  if (!known) throw new UsageError(`Addresses are allowed for one of: ${egressConnections.join(', ')}.`)
  return known
}

const connectionsText = (connections: readonly Connection[]): string =>
  tableText(
    ['connection', 'state', 'address', 'tls', 'last success', 'last failure', ''],
    connections.map((one) => [
      one.name,
      one.state,
      one.address ?? '–',
      one.tlsVersion ?? one.tls,
      one.succeededAt === null ? '–' : timeText(one.succeededAt),
      one.failedAt === null ? '–' : timeText(one.failedAt),
      one.state === 'fails' ? (one.failure ?? '') : '',
    ]),
  )

const allowancesText = (allowances: readonly EgressAllowance[], setting: readonly string[]): string[] => [
  ...(setting.length === 0 ? [] : [`The setting egressAllow opens to every connection: ${setting.join(', ')}`]),
  allowances.length === 0
    ? 'No internal address is allowed beside that.'
    : tableText(
        ['allowed', 'for', 'by', 'since', 'because'],
        allowances.map((one) => [one.address, one.connection, one.allowedByName, timeText(one.allowedAt), one.reason]),
      ),
]
