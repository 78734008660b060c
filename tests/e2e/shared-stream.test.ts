import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { addPerson, createLoginLink, createProject } from '@trivium/contract'
import { type Client, createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'

const limit = 15_000
const tabs = 8

let server: StartedServer
let browser: Browser
let client: Client
let context: BrowserContext
/** The projects whose streams a page asked for itself; what the shared worker asks for is not seen here. */
const streams: string[] = []

const tell = (name: string, project = 'default') =>
  client.call(addPerson, { params: { project }, body: { name, role: 'viewer' } })

const people = (page: Page) => page.locator('main').innerText()
/** Which of these pages show a name in the end: all of them, or those that did within the limit. */
async function showing(pages: readonly Page[], name: string): Promise<readonly Page[]> {
  const shown = await Promise.all(
    pages.map((page) =>
      page
        .locator('main')
        .getByText(name)
        .first()
        .waitFor({ timeout: limit })
        .then(
          () => true,
          () => false,
        ),
    ),
  )
  return pages.filter((_, at) => shown[at])
}

async function tab(project = 'default'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${server.ready.url}/p/${project}/settings?tab=people`)
  await page.locator('header').getByText('Live').waitFor()
  return page
}

describe('many tabs of one browser', () => {
  beforeAll(async () => {
    const build = join(import.meta.dirname, '../../scripts/build-web.mjs')
    await promisify(execFile)(process.execPath, [build], { timeout: 120_000 })
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    client = createClient({
      baseUrl: server.ready.url,
      token: (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN,
    })
    await client.call(createProject, { body: { name: 'other', title: 'Other' } })
    const { path } = await client.call(createLoginLink, { body: {} })
    context = await browser.newContext()
    context.setDefaultTimeout(limit)
    context.on('request', (request) => {
      const project = /projects\/([^/]+)\/events\/stream/.exec(request.url())?.[1]
      if (project) streams.push(project)
    })
    const page = await context.newPage()
    await page.goto(`${server.ready.url}${path}`)
    await page.waitForURL(/\/p\//)
    await page.close()
  }, 180_000)

  afterAll(async () => {
    await context?.close()
    await browser?.close()
    await server?.stop()
  }, 30_000)

  test('eight tabs are live at once, hear of what happens, and their requests go through', async () => {
    const pages: Page[] = []
    for (let at = 0; at < tabs; at++) pages.push(await tab())
    await tell('heard-by-all')
    // what a tab shows is read again, so that each request went through as well
    expect(await showing(pages, 'heard-by-all')).toHaveLength(tabs)
    expect(streams).toEqual([])
  }, 90_000)

  test('the tab that came first may close, and the others stay live', async () => {
    const [first, ...rest] = context.pages()
    await first?.close()
    await tell('after-the-first')
    expect(await showing(rest, 'after-the-first')).toHaveLength(tabs - 1)
  }, 60_000)

  test('tabs of another project hear of their own project and of no other', async () => {
    const page = await tab('other')
    await tell('of-the-other', 'other')
    expect(await showing([page], 'of-the-other')).toHaveLength(1)
    expect(await people(page)).not.toContain('after-the-first')
  }, 60_000)
})
