import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { configErrors } from '../config/index.ts'

/** Which headers the proxies set: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239). The others are ignored, for a proxy passes on what its clients made up. */
export type ProxyHeaders = 'x-forwarded' | 'forwarded'

const xHeaders = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'] as const

/** Whether an address is that of a trusted proxy. */
export type Trusts = (address: string | undefined) => boolean

/** Reads the setting `trustedProxies`: addresses and networks, comma-separated. Throws for anything else. */
export function readTrustedProxies(list: string): Trusts | undefined {
  const networks = new BlockList()
  const entries = list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  for (const entry of entries) {
    const [address = '', prefix, ...more] = entry.split('/')
    const bits = prefix === undefined ? undefined : Number(prefix)
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    const most = family === 'ipv6' ? 128 : 32
    if (isIP(address) === 0 || more.length > 0 || (bits !== undefined && !(/^\d+$/.test(prefix ?? '') && bits <= most)))
      throw configErrors.BAD_VALUE(
        'trustedProxies',
        'the configuration',
        `holds "${entry}", which is neither an address nor a network like 10.0.0.0/8`,
      )
    if (bits === undefined) networks.addAddress(address, family)
    else networks.addSubnet(address, bits, family)
  }
  if (entries.length === 0) return undefined
  return (address) => {
    const bare = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
    const version = isIP(bare)
    return version !== 0 && networks.check(bare, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * Leaves in a request only the forwarded headers that may be believed, in the form of X-Forwarded-…: none from a stranger, and of a trusted proxy those of its kind.
 * Addresses that are none end the list, so that nobody is ever named by a word that a client made up.
 */
export function believeProxies(request: IncomingMessage, trusts: Trusts, kind: ProxyHeaders): void {
  const { headers } = request
  const said = Object.fromEntries(xHeaders.map((name) => [name, lastOf(headers[name])]))
  const standard = headers.forwarded
  const list = headers['x-forwarded-for']
  for (const name of [...xHeaders, 'forwarded']) delete headers[name]
  if (!trusts(request.socket.remoteAddress)) return
  const hops =
    kind === 'forwarded'
      ? readForwarded(standard)
      : String(list ?? '')
          .split(',')
          .map((one): Hop => ({ for: one }))
  const addresses: string[] = []
  for (const hop of hops.toReversed()) {
    const address = addressOf(hop.for)
    if (address === undefined) break
    addresses.unshift(address)
    if (!trusts(address)) break
  }
  if (addresses.length > 0) headers['x-forwarded-for'] = addresses.join(', ')
  const last = hops.at(-1)
  const proto = kind === 'forwarded' ? last?.proto : said['x-forwarded-proto']
  const host = kind === 'forwarded' ? last?.host : said['x-forwarded-host']
  if (proto === 'http' || proto === 'https') headers['x-forwarded-proto'] = proto
  // Everything else here looks at Host: which hosts are ours, and which origin is our own.
  if (host !== undefined && host !== '') headers.host = host
}

interface Hop {
  readonly for?: string | undefined
  readonly proto?: string | undefined
  readonly host?: string | undefined
}

const lastOf = (value: string | string[] | undefined): string | undefined =>
  [value].flat().join(',').split(',').at(-1)?.trim()

/** `for=192.0.2.43;proto=https, for="[2001:db8::1]:4711"` as hops, first to last. */
function readForwarded(text: string | undefined): Hop[] {
  if (text === undefined) return []
  return (text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((element) => {
    const hop: Record<string, string> = {}
    for (const pair of element.match(/(?:[^;"]|"(?:[^"\\]|\\.)*")+/g) ?? []) {
      const [name = '', ...value] = pair.split('=')
      hop[name.trim().toLowerCase()] = value
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1')
    }
    return hop
  })
}

/** An address without port and brackets; undefined for `unknown`, `_hidden` and everything else that is none. */
function addressOf(text: string | undefined): string | undefined {
  const bare = (text ?? '')
    .trim()
    .replace(/^\[([^\]]*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  return isIP(bare) === 0 ? undefined : bare
}
