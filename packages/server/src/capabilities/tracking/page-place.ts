import { type RawBuilder, sql } from 'kysely'
import { trackingErrors } from './errors.ts'
import { fingerprint } from './page-token.ts'

/** One of the keys that a list is sorted by. No value of it is null. */
export interface PlaceKey {
  readonly expression: RawBuilder<unknown>
  readonly descending: boolean
}

/** Values of the keys of the last row that was shown. */
export type Place = readonly (string | number)[]

/** The keys as columns, and the order of them. */
export const placeColumns = (keys: readonly PlaceKey[]): RawBuilder<unknown> =>
  sql.join(keys.map(({ expression }, i) => sql`${expression} as ${sql.ref(`place_${i}`)}`))
export const placeOrder = (keys: readonly PlaceKey[]): RawBuilder<unknown> =>
  sql.join(keys.map(({ expression, descending }) => sql`${expression} ${sql.raw(descending ? 'desc' : 'asc')}`))

/** Rows behind a place. What bounds the first key stands for itself, so that its index is entered there. */
export function behind(keys: readonly PlaceKey[], place: Place): RawBuilder<unknown> {
  const cases = keys.map(({ expression, descending }, i) => {
    const same = keys.slice(0, i).map((key, n) => sql`${key.expression} = ${place[n]}`)
    return sql`(${sql.join([...same, sql`${expression} ${sql.raw(descending ? '<' : '>')} ${place[i]}`], sql` and `)})`
  })
  const [first] = keys
  const bound = first ? sql`${first.expression} ${sql.raw(first.descending ? '<=' : '>=')} ${place[0]} and ` : sql``
  return sql`(${bound}(${sql.join(cases, sql` or `)}))`
}

/** Names the rest of a list by the last row of the page, and of which query. */
export function placeTokenOf(row: object, keys: number, query: unknown): string {
  const values = Array.from({ length: keys }, (_, i) => (row as Record<string, unknown>)[`place_${i}`])
  return Buffer.from(JSON.stringify(['place', fingerprint(query), ...values])).toString('base64url')
}

/** Where a page goes on; undefined for the first one. A token of another query is an error. */
export function placeOf(token: string | undefined, query: unknown): Place | undefined {
  if (token === undefined || token === '') return undefined
  try {
    const [kind, of, ...values] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[]
    const fits = values.every(
      (one) =>
        (typeof one === 'string' && !one.includes('\u0000')) || (typeof one === 'number' && Number.isFinite(one)),
    )
    if (kind === 'place' && of === fingerprint(query) && values.length > 0 && fits) return values as Place
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw trackingErrors.BAD_PAGE_TOKEN()
}
