import { createHash } from 'node:crypto'
import type { Script, Step } from './step.ts'

/** A request as it is sent to a server, and what came back. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}
export type Send = (request: Request) => Promise<{ status: number; body: string }>

/** One exchange without what differs from one run of the script to the next: ids, times, tokens, generated names. */
export interface Exchange {
  readonly name: string
  readonly request: string
  readonly body?: unknown
  readonly status: number
  readonly answer: unknown
}

/** Runs the steps of a script one after the other. */
export async function play({ steps }: Script, send: Send): Promise<Exchange[]> {
  const found = new Map<string, string>()
  const done: Exchange[] = []
  for (const step of steps) {
    const { status, body } = await send(requestOf(step, found))
    const answer = parsed(body)
    for (const [name, path] of Object.entries(step.save ?? {})) {
      const value = status === 200 ? at(answer, path.split('.')) : undefined
      if (typeof value === 'string' && value !== '') found.set(name, value)
    }
    const kept =
      status === 200 && step.only ? Object.fromEntries(step.only.map((path) => [path, picked(answer, path)])) : answer
    const sent = step.raw ?? step.body
    done.push({
      name: step.name,
      request: `${step.method} ${step.path}`,
      ...(sent === undefined ? {} : { body: shortened(sent) }),
      status,
      answer: settled(kept, found, ''),
    })
  }
  return done
}

function requestOf(step: Step, found: ReadonlyMap<string, string>): Request {
  const fill = (text: string): string =>
    text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => found.get(name) ?? whole)
  const body = step.raw ?? (step.body === undefined ? undefined : JSON.stringify(step.body))
  const json = step.raw === undefined && step.body !== undefined
  return {
    method: step.method,
    path: fill(step.path),
    headers: step.headers ?? (json ? { 'content-type': 'application/json' } : {}),
    ...(body === undefined ? {} : { body: fill(body) }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.startsWith('<!') ? 'an HTML page' : text
  }
}

const at = (value: unknown, [key, ...rest]: readonly string[]): unknown =>
  key === undefined ? value : at((value as Record<string, unknown> | undefined)?.[key], rest)

/** `runs[].info.run_name` is the list of all of them. */
function picked(value: unknown, path: string): unknown {
  const [before = '', after] = path.split('[].', 2)
  const here = at(value, before.split('.'))
  return after === undefined ? (here ?? null) : ((here as unknown[] | undefined) ?? []).map((one) => picked(one, after))
}

const isTime = (name: string, value: unknown): boolean =>
  typeof value === 'number' && value > 9e11 && /time|timestamp/.test(name)
const isId = (text: string): boolean => new Set(text).size > 5

function settled(value: unknown, found: ReadonlyMap<string, string>, name: string): unknown {
  if (Array.isArray(value)) return ordered(value.map((one) => settled(one, found, name)))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, settled(one, found, key)]))
  if (isTime(name, value)) return '<time>'
  if (typeof value !== 'string') return value
  let text = value
  for (const [key, one] of found) if (one.length > 5) text = text.replaceAll(one, `{{${key}}}`)
  if (name === 'next_page_token' && text !== '' && !text.startsWith('{{')) return '<token>'
  text = text.replaceAll(/\b(prn|upl)_[0-9a-z]{26}\b/g, '<$1>')
  text = text.replaceAll(/\b[0-9a-f]{32}\b/g, (id) => (isId(id) ? '<id>' : id))
  if (/^[a-z]+-[a-z]+-\d+$/.test(text)) return '<generated name>'
  if (text.startsWith('Bearer ')) return '<credentials>'
  return text.length > 600 ? shortened(text) : text
}

/** Lists of pairs have no order of their own. */
function ordered(list: unknown[]): unknown[] {
  const keys = list.map(
    (one) => (one as { key?: unknown; alias?: unknown } | null)?.key ?? (one as { alias?: unknown } | null)?.alias,
  )
  if (!keys.every((key) => typeof key === 'string') || new Set(keys).size < keys.length) return list
  return list.toSorted((a, b) =>
    String((a as { key?: string }).key ?? (a as { alias?: string }).alias) <
    String((b as { key?: string }).key ?? (b as { alias?: string }).alias)
      ? -1
      : 1,
  )
}

/** What is long is told from what else is as long by its digest. */
function shortened(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= 600) return value
  return `<${text.length} characters, ${createHash('sha256').update(text).digest('hex').slice(0, 12)}: ${text.slice(0, 40)}…>`
}
