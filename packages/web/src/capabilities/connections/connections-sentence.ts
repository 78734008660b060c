import type { Connection } from '@trivium/contract'
import { formatPlural } from '../../ui/format-number.ts'

/** How the connections are, in one sentence with the worst first. */
export function connectionsSentence(connections: readonly Pick<Connection, 'name' | 'state'>[]): string {
  const of = (state: Connection['state']) => connections.filter((one) => one.state === state)
  const failing = of('fails')
  const working = of('works').length
  const unused = of('unused').length
  const rest = [
    working > 0 ? `${working} ${working === 1 ? 'works' : 'work'}` : '',
    unused > 0 ? `${unused} ${unused === 1 ? 'was' : 'were'} not used yet` : '',
  ].filter(Boolean)
  if (failing.length === 0) return `No connection fails${rest.length > 0 ? `: ${rest.join(', ')}` : ''}.`
  const names = failing.map(({ name }) => name)
  const named = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
  return `${formatPlural(failing.length, 'connection fails', 'connections fail')}: ${named}${rest.length > 0 ? `; ${rest.join(', ')}` : ''}.`
}
