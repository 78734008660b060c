// Writes docs/reference/ from the code; with --check it writes nothing and fails where a page is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cliPage } from './reference/cli-page.ts'
import {
  brokenPromises,
  eventSchemasDocument,
  eventsPage,
  type PublishedEvent,
  presentEvents,
} from './reference/event-schemas.ts'
import { metricsPage } from './reference/metrics-page.ts'
import { openApiDocument } from './reference/open-api-document.ts'
import { permissionsPage } from './reference/permissions-page.ts'
import { routesPage } from './reference/routes-page.ts'
import { settingsPage } from './reference/settings-page.ts'
import { root } from './tracked-files.ts'

/** Each generated file and what makes its text; another reference is one line here. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/reference/settings.md': settingsPage,
  'docs/reference/permissions.md': permissionsPage,
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/events.md': eventsPage,
  'docs/reference/event-schemas.json': eventSchemasDocument,
  'docs/reference/routes.md': routesPage,
  'docs/reference/cli.md': cliPage,
  'docs/reference/openapi.json': openApiDocument,
}

// What was promised stands in the file that is about to be written.
const promises = join(root, 'docs/reference/event-schemas.json')
const broken = existsSync(promises)
  ? brokenPromises(JSON.parse(readFileSync(promises, 'utf8')) as Record<string, PublishedEvent>, presentEvents())
  : []
if (broken.length > 0) {
  console.error(
    `Published events would change: ${broken.join('; ')}. Give the event a new version beside the old one; what was never released may be taken out of docs/reference/event-schemas.json by hand.`,
  )
  process.exit(1)
}

const check = process.argv.includes('--check')
const stale: string[] = []

for (const [file, render] of Object.entries(pages)) {
  const path = join(root, file)
  const text = await render()
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  stale.push(file)
  if (check) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  console.log(`wrote ${file}`)
}

if (check && stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run "npm run docs" and commit what it writes.`)
  process.exitCode = 1
}
