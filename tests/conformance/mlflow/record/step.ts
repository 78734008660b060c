/** One request of a script, and what of its answer is kept. */
export interface Step {
  /** A sentence, unlike every other in its script. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the root of the server; `{{run}}` stands for something that an earlier step saved. */
  readonly path: string
  /** JSON, or with `raw` a text that is sent as it is. */
  readonly body?: unknown
  readonly raw?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Names for parts of the answer, each at a path such as `run.info.run_id`. */
  readonly save?: Readonly<Record<string, string>>
  /** Words that the message has to hold: those that clients and MLflow's own tests look for. */
  readonly says?: string
  /** Only these paths of a good answer are compared, such as `runs[].info.run_name`. */
  readonly only?: readonly string[]
}

/** A script runs on a server (on ours: in a project) that nothing else has touched. */
export interface Script {
  readonly name: string
  readonly steps: readonly Step[]
}

type More = Omit<Partial<Step>, 'name' | 'method' | 'path' | 'body'>
type Query = Readonly<Record<string, string | number | boolean | readonly string[]>>

const v2 = '/api/2.0/mlflow/'

export const post = (name: string, path: string, body: unknown = {}, more: More = {}): Step => ({
  name,
  method: 'POST',
  path: v2 + path,
  body,
  ...more,
})
export const patch = (name: string, path: string, body: unknown = {}, more: More = {}): Step => ({
  ...post(name, path, body, more),
  method: 'PATCH',
})
export const remove = (name: string, path: string, body: unknown = {}, more: More = {}): Step => ({
  ...post(name, path, body, more),
  method: 'DELETE',
})
export const get = (name: string, path: string, query: Query = {}, more: More = {}): Step => ({
  name,
  method: 'GET',
  path: withQuery(v2 + path, query),
  ...more,
})

/** A name for something that an earlier step saved. */
export const saved = (name: string): string => `{{${name}}}`

function withQuery(path: string, query: Query): string {
  const parts = Object.entries(query).flatMap(([key, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [String(value)]).map(
      (one) =>
        `${encodeURIComponent(key)}=${encodeURIComponent(one).replaceAll('%7B%7B', '{{').replaceAll('%7D%7D', '}}')}`,
    ),
  )
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`
}
