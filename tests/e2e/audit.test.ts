import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { addPerson, createToken } from '@trivium/contract'
import { type Client, createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'
import { openPage, signedIn } from './signed-in.ts'

let server: StartedServer
let browser: Browser
let client: Client
let admin: BrowserContext
let axe: string

const project = 'default'
const at = (query: string) => `${server.ready.url}/p/${project}/settings?tab=audit${query}`
const rowsOf = (page: Page, label: string) => page.getByRole('table', { name: label }).locator('tbody tr')

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })")
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`))
}

describe('the audit page', () => {
  beforeAll(async () => {
    const build = join(import.meta.dirname, '../../scripts/build-web.mjs')
    await promisify(execFile)(process.execPath, [build], { timeout: 120_000 })
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    const token: string = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    client = createClient({ baseUrl: server.ready.url, token })
    for (const name of ['ada', 'ben'])
      await client.call(addPerson, { params: { project }, body: { name, role: 'viewer' } })
    const made = await client.call(createToken, {
      params: { project },
      body: { name: 'weak', permissions: ['model:read'] },
    })
    await fetch(`${server.ready.url}/api/v1/projects/${project}/people`, {
      headers: { authorization: `Bearer ${made.secret}` },
    })
    admin = await signedIn(browser, client, server.ready.url)
  }, 180_000)

  afterAll(async () => {
    await admin?.close()
    await browser?.close()
    await server?.stop()
  }, 60_000)

  test('events are narrowed by kind, person and subject, the URL keeps it, and the export has the same ones', async () => {
    const page = await admin.newPage()
    await openPage(page, at(''))
    await rowsOf(page, 'Events').first().waitFor()
    const all = await rowsOf(page, 'Events').count()
    expect(all).toBeGreaterThan(3)
    await page.getByLabel('About').selectOption('token')
    await expect.poll(() => rowsOf(page, 'Events').count()).toBeLessThan(all)
    for (const text of await rowsOf(page, 'Events').allTextContents()) expect(text).toContain('token.created')
    expect(page.url()).toContain('kind=token')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export as JSON Lines' }).click()
    const lines = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(await rowsOf(page, 'Events').count())
    await page.getByLabel('Subject').fill('nothing-has-this-name')
    await page.getByText('No events match').waitFor()
    await page.getByRole('button', { name: 'Clear filter' }).click()
    await expect.poll(() => rowsOf(page, 'Events').count()).toBe(all)
    await page.close()
  })

  test('the access log shows who was refused and what it needed', async () => {
    const page = await admin.newPage()
    await openPage(page, at('&show=access&refused=denied'))
    const row = rowsOf(page, 'Access log').first()
    await row.waitFor()
    expect(await row.textContent()).toMatch(
      /refused: not allowed.*GET \/api\/v1\/projects\/default\/people.*project:read/,
    )
    await page.close()
  })

  test('it has no violation in either theme, also with something found', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await signedIn(browser, client, server.ready.url, { colorScheme })
      const page = await context.newPage()
      for (const show of ['events', 'access']) {
        await openPage(page, at(`&show=${show}`))
        await rowsOf(page, show === 'events' ? 'Events' : 'Access log')
          .first()
          .waitFor()
        expect(await violations(page), `${show} ${colorScheme}`).toEqual([])
      }
      await context.close()
    }
  })

  test('verify says up to where all is as it was sealed, and after a change in the database which event is not', async () => {
    const page = await admin.newPage()
    await openPage(page, at(''))
    await page.getByRole('button', { name: 'Verify events' }).click()
    await page.getByText(/^Verified up to \d+$/).waitFor()
    const database = new DatabaseSync(join(server.data, 'trivium.sqlite'))
    database.exec('pragma busy_timeout = 5000')
    const changed = database
      .prepare("update event set \"by\" = 'somebody' where name = 'token.created' returning seq")
      .all()[0]
    database.close()
    await page.getByRole('button', { name: 'Verify events' }).click()
    await page.getByText('One thing is not as sealed').waitFor()
    expect(await rowsOf(page, 'What is not as sealed').allTextContents()).toEqual([
      expect.stringMatching(new RegExp(`^${changed?.['seq']}.*changed.*was changed after it was sealed`)),
    ])
    expect(await violations(page)).toEqual([])
    await page.close()
  })
})
