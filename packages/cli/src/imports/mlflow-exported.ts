import { type MlflowClient, PeerError } from './mlflow-client.ts'

/** The tag that keeps an id of ours at a server that gives its own; it is also how an export that goes on finds what it has made. */
export const idTag = 'trivium.id'

/** What an exported run or logged model has become. */
export interface Place {
  readonly id: string
  readonly uri: string
}

/** The peer does not take it; anything else that goes wrong ends the export. */
export const isRefused = (error: unknown): error is PeerError => error instanceof PeerError && error.status === 400

export const pairs = (of: Readonly<Record<string, string>>): { key: string; value: string }[] =>
  Object.entries(of).map(([key, value]) => ({ key, value }))

/** Everything that a search of the peer finds, page after page. */
export async function* pagesOf(
  client: MlflowClient,
  method: 'GET' | 'POST',
  path: string,
  search: Readonly<Record<string, string | number | string[]>>,
  of: string,
): AsyncGenerator<Record<string, any>> {
  const url = `/api/2.0/mlflow/${path}`
  for (let token = ''; ; ) {
    const asked = { ...search, ...(token === '' ? {} : { page_token: token }) }
    const page = await (method === 'GET'
      ? client.get<Record<string, unknown>>(url, asked)
      : client.send<Record<string, unknown>>('POST', url, asked))
    yield* (page[of] as Record<string, any>[] | undefined) ?? []
    const next = page['next_page_token']
    if (typeof next !== 'string' || next === '' || next === token) return
    token = next
  }
}
