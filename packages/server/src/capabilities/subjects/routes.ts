import { Readable } from 'node:stream'
import {
  eraseAccount,
  eraseSubject,
  exportAccount,
  exportSubject,
  findAccount,
  findSubject,
  listAllErasures,
  listErasures,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { SubjectRequests } from './subject-requests.ts'

export function subjectRoutes(app: Http, subjects: SubjectRequests): void {
  mount(app, findSubject, 200, ({ scope, body }) => subjects.find(scope, body))
  mount(app, exportSubject, 200, async ({ scope, body, reply }) =>
    sendLines(reply, `${scope.project}-person`, subjects.export(scope, body)),
  )
  mount(app, eraseSubject, 200, ({ scope, body }) => subjects.erase(scope, body))
  mount(app, listErasures, 200, async ({ scope, query }) => ({ erasures: await subjects.list(scope, query) }))
  mount(app, findAccount, 200, ({ body }) => subjects.findAccount(body.subject))
  mount(app, exportAccount, 200, async ({ body, reply }) =>
    sendLines(reply, 'account', subjects.exportAccount(body.subject)),
  )
  mount(app, eraseAccount, 200, ({ principal, body }) => subjects.eraseAccount(principal, body))
  mount(app, listAllErasures, 200, async ({ query }) => ({ erasures: await subjects.listAll(query) }))
}

function sendLines(
  reply: Parameters<Parameters<typeof mount>[3]>[0]['reply'],
  name: string,
  lines: AsyncIterable<Record<string, unknown>>,
) {
  const text = async function* () {
    for await (const line of lines) yield `${JSON.stringify(line, jsonSafe)}\n`
  }
  return reply
    .header('content-type', 'application/jsonl; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="${name}.jsonl"`)
    .send(Readable.from(text()))
}

/** Whole numbers that are too large for JSON become texts. */
const jsonSafe = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
