import { pageTokenOf, offsetOf, trackingErrors } from '../tracking/index.ts'

/** Names the rest of a list in the order of names: the last name that was shown, and of which query. */
export const nameTokenOf = (last: string, query: unknown): string =>
  `${pageTokenOf(0, [query, last])}.${Buffer.from(last).toString('base64url')}`

/** The name after which a page begins; undefined without a token. A token of another query is an error. */
export function nameAfter(token: string | undefined, query: unknown): string | undefined {
  if (token === undefined || token === '') return undefined
  const [made = '', name] = token.split('.')
  const last = Buffer.from(name ?? '', 'base64url').toString()
  if (name === undefined || Buffer.from(last).toString('base64url') !== name) throw trackingErrors.BAD_PAGE_TOKEN()
  offsetOf(made, [query, last])
  return last
}
