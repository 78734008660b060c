import { BlockList, isIP, isIPv6 } from 'node:net'
import { configErrors } from '../config/index.ts'

/**
 * Addresses that are not on the public internet, after the special-purpose registries of IANA (RFC 6890, updated by RFC 8190): this host and its
 * network, private use, shared address space, link-local with the metadata services of clouds, benchmarks, documentation, multicast and reserved.
 */
const v4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/** IPv4 inside IPv6 is not looked through: NAT64 and 6to4 addresses are refused as a whole, mapped ones are read as what they hold. */
const v6 = [
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

const internal = new BlockList()
for (const net of [...v4, ...v6]) addNet(internal, net)

/** Whether an address is one that the outside world cannot have. */
export function isInternalAddress(address: string): boolean {
  return covers(internal, address)
}

/** Whether an entry names no more than a network that somebody may own: a host, an address, or a network of /8 (IPv6: /16) or smaller. */
export function isNarrow(entry: string): boolean {
  const [address = '', prefix] = entry.split('/')
  return prefix === undefined || Number(prefix) >= (isIPv6(address) ? 16 : 8)
}

/** What an administrator has allowed: `host`, `host:port`, an address, or a network such as `10.0.0.0/8`. */
export interface Allowed {
  /** Host and port as the URL says them. */
  host(host: string, port: number): boolean
  address(address: string): boolean
}

/** Reads the list of the setting `egressAllow`. Throws for an entry that is neither a host nor a network. */
export function readAllowed(list: string): Allowed {
  const hosts = new Set<string>()
  const networks = new BlockList()
  for (const entry of list.split(',').map((one) => one.trim().toLowerCase())) {
    if (entry === '') continue
    if (/^[0-9a-f.:]+\/\d{1,3}$/.test(entry)) addNet(networks, entry)
    else if (isIP(entry) !== 0) networks.addAddress(entry, isIPv6(entry) ? 'ipv6' : 'ipv4')
    else if (/^[a-z0-9.-]+(:\d{1,5})?$/.test(entry)) hosts.add(entry)
    else
      throw configErrors.BAD_VALUE(
        'egressAllow',
        'the configuration',
        `holds "${entry}", which is neither a host, host:port, an address nor a network like 10.0.0.0/8`,
      )
  }
  return {
    host: (host, port) => hosts.has(host.toLowerCase()) || hosts.has(`${host.toLowerCase()}:${port}`),
    address: (address) => covers(networks, address),
  }
}

function addNet(list: BlockList, net: string): void {
  const [address = '', prefix = ''] = net.split('/')
  list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4')
}

function covers(list: BlockList, address: string): boolean {
  const mapped = mappedAddress(address)
  if (mapped !== undefined) return list.check(mapped, 'ipv4')
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** `1.2.3.4` of `::ffff:1.2.3.4`, however it is written. */
function mappedAddress(address: string): string | undefined {
  if (!isIPv6(address)) return undefined
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const found = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  if (!found) return undefined
  const [high, low] = [Number.parseInt(found[1] ?? '', 16), Number.parseInt(found[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
