import type { Connection, EgressAllowance, EgressConnection } from '@trivium/contract'
import { type ConnectionUse, readAllowed } from '../../kernel/egress/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import { allowAddress, listAllowances, withdrawAddress } from './allowances.ts'
import { connectionErrors } from './errors.ts'
import type { ConnectionSource, KnownConnection } from './known-connection.ts'
import { ownConnections, reachesOf } from './own-connections.ts'

/** Everything outside of itself that the server reaches, and the internal addresses that it may. */
export interface Connections {
  /** Names connections that another capability has. */
  addSource(source: ConnectionSource): void
  list(): Promise<{ connections: Connection[]; allowances: EgressAllowance[]; setting: string[] }>
  /** Tries one now. Throws CONNECTIONS.NOT_FOUND, NOT_TESTABLE, TOO_OFTEN; what fails is said in the answer. */
  test(name: string): Promise<{ ok: boolean; found: string; ms: number; connection: Connection }>
  allow(
    by: Principal,
    input: { connection: EgressConnection; address: string; reason: string },
  ): Promise<EgressAllowance>
  withdraw(by: Principal, id: string, reason: string): Promise<void>
}

const minuteMs = 60_000
const testsAMinute = 6

export function createConnections(
  kernel: Pick<
    Kernel,
    | 'config'
    | 'db'
    | 'clock'
    | 'events'
    | 'ownBlobs'
    | 'vault'
    | 'vaultKeys'
    | 'egress'
    | 'allowances'
    | 'connectionUses'
  >,
): Connections {
  const { config, clock, connectionUses } = kernel
  const sources: ConnectionSource[] = [async () => ownConnections(kernel)]
  const tests = new Map<string, number[]>()
  const setting = config.egressAllow
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '')

  const known = async (): Promise<KnownConnection[]> => (await Promise.all(sources.map((source) => source()))).flat()

  const present = (
    { egress, test, credentials = null, uses = null, ...one }: KnownConnection,
    use: ConnectionUse | undefined,
    allowances: readonly EgressAllowance[],
  ): Connection => {
    const { succeededAt = null, failedAt = null, failure = null, address: reached = null, tls = null } = use ?? {}
    const { name, purpose, address, through, tls: wantsTls, settings } = one
    return {
      name,
      purpose,
      address,
      through,
      tls: wantsTls,
      settings,
      credentials,
      uses,
      tlsVersion: tls,
      reaches: egress ? reachesOf(new URL(egress.url).hostname, reached) : 'unknown',
      reached,
      allowedBy: egress ? allowedBy(egress, reached, setting, allowances) : null,
      succeededAt,
      failedAt,
      failure,
      state:
        address === null
          ? 'off'
          : succeededAt === null && failedAt === null
            ? 'unused'
            : (failedAt ?? 0) > (succeededAt ?? 0)
              ? 'fails'
              : 'works',
      testable: test !== undefined,
    }
  }

  /** Counted before the test begins, so that many at once are too many too. */
  const take = (name: string): void => {
    const now = clock()
    const recent = (tests.get(name) ?? []).filter((at) => at > now - minuteMs)
    const [first = now] = recent
    if (recent.length >= testsAMinute)
      throw connectionErrors.TOO_OFTEN(name, Math.ceil((first + minuteMs - now) / 1000))
    tests.set(name, [...recent, now])
  }

  return {
    addSource: (source) => void sources.push(source),
    list: async () => {
      const [connections, uses, allowances] = await Promise.all([
        known(),
        connectionUses.list(),
        listAllowances(kernel),
      ])
      // Who reads this list has just reached the database.
      connectionUses.note('database', { failure: null })
      return {
        connections: connections.map((one) => {
          const use = uses.get(one.name)
          return present(
            one,
            one.name === 'database'
              ? { failedAt: null, failure: null, address: null, tls: null, ...use, succeededAt: clock() }
              : use,
            allowances,
          )
        }),
        allowances,
        setting,
      }
    },
    test: async (name) => {
      const one = (await known()).find((found) => found.name === name)
      if (!one) throw connectionErrors.NOT_FOUND(name)
      if (!one.test)
        throw connectionErrors.NOT_TESTABLE(name, one.untested ?? `none is set; see ${one.settings.join(', ')}.`)
      take(name)
      const started = performance.now()
      const failure = await one.test().then(
        (found) => ({ ok: true, found }),
        (error: unknown) => ({ ok: false, found: (error as Error).message }),
      )
      const ms = Math.round(performance.now() - started)
      // The way out has noted its calls itself; what it takes for an answer may still be the wrong one.
      if (!one.egress || !failure.ok) connectionUses.note(name, { failure: failure.ok ? null : failure.found })
      const [uses, allowances] = await Promise.all([connectionUses.list(), listAllowances(kernel)])
      return { ...failure, ms, connection: present(one, uses.get(name), allowances) }
    },
    allow: (by, input) => allowAddress(kernel, by, input),
    withdraw: (by, id, reason) => withdrawAddress(kernel, by, id, reason),
  }
}

/** The entry that opens an internal address to a connection; null where none does, or none is needed. */
function allowedBy(
  { connection, url }: { connection: EgressConnection; url: string },
  reached: string | null,
  setting: readonly string[],
  allowances: readonly EgressAllowance[],
): string | null {
  const { hostname, protocol, port } = new URL(url)
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const address = /^[0-9.]+$|:/.test(host) ? host : reached
  const opens = (entry: string): boolean => {
    const allowed = readAllowed(entry)
    return (
      allowed.host(host, Number(port || (protocol === 'https:' ? 443 : 80))) ||
      (address !== null && allowed.address(address))
    )
  }
  if (setting.some(opens)) return 'the setting egressAllow'
  return allowances.find((one) => one.connection === connection && opens(one.address))?.address ?? null
}
