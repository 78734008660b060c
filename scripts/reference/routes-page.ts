import * as contract from '@trivium/contract'
import { generatedNotice, markdownTable } from './markdown.ts'

/** The reference of our own HTTP routes; those of other wire formats are in the protocols' pages. */
export function routesPage(): string {
  const routes = Object.values(contract as Record<string, unknown>)
    .filter(isRoute)
    .toSorted((a, b) => order(`${a.url} ${a.method}`, `${b.url} ${b.method}`))
  const rows = routes.map(({ method, url, permission, schema }) => [
    `\`${method} ${url}\``,
    `\`${permission}\``,
    `\`${schema.operationId}\``,
    schema.summary,
  ])
  return `${generatedNotice}

# HTTP routes

Bodies are validated strictly: an unknown field is an error. Errors are \`application/problem+json\` with a stable \`code\`. The schemas are in \`/api/v1/openapi.json\` of a running server.

${markdownTable(['route', 'permission', 'operation', 'what it does'], rows)}
`
}

function isRoute(value: unknown): value is contract.Route {
  return typeof value === 'object' && value !== null && 'url' in value && 'method' in value && 'schema' in value
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
