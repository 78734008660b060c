import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as contract from '@trivium/contract'
import { root } from '../tracked-files.ts'

/** The OpenAPI document that a running server answers at /api/v1/openapi.json. */
export function openApiDocument(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'packages/server/package.json'), 'utf8')) as {
    version: string
  }
  const routes = (Object.values(contract) as unknown[]).filter(contract.isRoute)
  return `${JSON.stringify(contract.openApiOf(routes, version), null, 1)}\n`
}
