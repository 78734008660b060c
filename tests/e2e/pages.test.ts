import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLoginLink } from '@trivium/contract'
import { createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'
import { pageAddresses } from './page-addresses.ts'
import { seedWorld, type World } from './seed-world.ts'

const root = join(import.meta.dirname, '../..')
const desktop = { width: 1440, height: 900 }
const limit = 10_000

let server: StartedServer
let browser: Browser
let world: World
let admin: BrowserContext
let adminToken: string
const contexts: BrowserContext[] = []

/** A browser of its own, signed in by a login link. */
async function signedIn(name?: string, viewport = desktop): Promise<BrowserContext> {
  const client = createClient({ baseUrl: server.ready.url, token: adminToken })
  const { path } = await client.call(createLoginLink, { body: name === undefined ? {} : { name } })
  const context = await newContext(viewport)
  const page = await context.newPage()
  await page.goto(`${server.ready.url}${path}`)
  await page.waitForURL(/\/p\//)
  await page.close()
  return context
}

async function newContext(viewport = desktop): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport })
  context.setDefaultTimeout(limit)
  contexts.push(context)
  return context
}

/** Opens a page below the project and waits until nothing on it is loading. */
async function open(page: Page, path: string, project = world.project): Promise<void> {
  await page.goto(`${server.ready.url}/p/${project}${path}`)
  await page.locator('h1').first().waitFor()
  // no `waitForFunction`: the page's content security policy forbids what it does
  await expect.poll(() => page.locator('main [aria-busy="true"]').count(), { timeout: limit, interval: 30 }).toBe(0)
}

/** What is wrong with a page, in words; empty where nothing is. Once it is open, the system's theme becomes `other`. */
async function complaintsAbout(page: Page, path: string, other?: 'light' | 'dark'): Promise<string[]> {
  const complaints: string[] = []
  const onConsole = (message: { type(): string; text(): string }) => {
    if (message.type() === 'error') complaints.push(`${path}: console error: ${message.text()}`)
  }
  const onError = (error: Error) => complaints.push(`${path}: page error: ${error.message}`)
  page.on('console', onConsole)
  page.on('pageerror', onError)
  try {
    await open(page, path)
    // what is drawn after the answers: charts, details that open by themselves
    await page.waitForTimeout(250)
    if (other) {
      await page.emulateMedia({ colorScheme: other })
      await page.waitForTimeout(50)
      const shown = await page.evaluate('document.documentElement.dataset.theme')
      if (shown !== other) complaints.push(`${path}: stays ${shown} when the system becomes ${other}`)
    }
    const alerts = await page.locator('main [role="alert"]').allInnerTexts()
    complaints.push(...alerts.map((text) => `${path}: shows an error: ${text}`))
    const heading = await page.locator('h1').first().innerText()
    if (heading === '' || heading === 'No such page') complaints.push(`${path}: its heading is "${heading}"`)
  } catch (error) {
    complaints.push(`${path}: ${(error as Error).message.split('\n')[0]}`)
  } finally {
    page.off('console', onConsole)
    page.off('pageerror', onError)
  }
  return complaints
}

const overflow = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe('the pages in a browser', () => {
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, 'scripts/build-web.mjs')], { timeout: 120_000 })
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    adminToken = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    world = await seedWorld(server.ready.url, adminToken)
  }, 180_000)

  afterEach(async () => {
    await Promise.all(contexts.flatMap((context) => context.pages().map((page) => page.close())))
  })

  afterAll(async () => {
    await Promise.all(contexts.map((context) => context.close()))
    await browser?.close()
    await server?.stop()
  }, 30_000)

  test('the link that the start prints signs in and leads to the project', async () => {
    admin = await newContext()
    const page = await admin.newPage()
    await page.goto(server.ready.loginUrl)
    await page.waitForURL(`${server.ready.url}/p/default`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(page.url()).not.toContain('token')
    await page.close()
    const again = await (await newContext()).newPage()
    await again.goto(server.ready.loginUrl)
    await again.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
  }, 30_000)

  test('every page opens with a heading and without an error, in one theme, and takes on the other', async () => {
    const page = await admin.newPage()
    await page.emulateMedia({ colorScheme: 'light' })
    const paths = await pageAddresses(world)
    expect(paths.length).toBeGreaterThan(25)
    const complaints: string[] = []
    for (const [at, path] of paths.entries())
      complaints.push(...(await complaintsAbout(page, path, at % 2 === 0 ? 'dark' : 'light')))
    expect(complaints).toEqual([])
  }, 120_000)

  test('a feature with too few rows to judge is not marked as in range', async () => {
    const page = await admin.newPage()
    await open(page, '/monitors/delays-daily')
    const rows = page.getByRole('row').filter({ hasText: 'distance' })
    await rows.getByLabel('cannot be judged yet').waitFor()
    expect(await page.getByLabel('in range').count()).toBe(0)
  }, 30_000)

  test('the home page of an empty project shows the first steps', async () => {
    const page = await admin.newPage()
    await open(page, '', world.emptyProject)
    await page.getByText('Nothing here yet').waitFor()
    expect(await page.getByText('trivium env --project empty').count()).toBe(1)
  }, 30_000)

  test.each([
    '/models/nothing',
    '/models/late/versions/99',
    '/runs/00000000000000000000000000000000',
    '/deployments/nothing',
  ])(
    '%s, which does not exist, says so in the place of the page',
    async (path) => {
      const page = await admin.newPage()
      await page.goto(`${server.ready.url}/p/default${path}`)
      const alert = page.locator('main [role="alert"]').first()
      await alert.waitFor()
      expect(await alert.innerText()).toMatch(/could not be read\..*(nothing|99|0000)/s)
    },
    30_000,
  )

  test('an address that leads nowhere says so and offers the way home', async () => {
    const page = await admin.newPage()
    await open(page, '/nowhere')
    expect(await page.locator('h1').innerText()).toBe('No such page')
    expect(await page.getByRole('link', { name: 'the home page of the project' }).count()).toBe(1)
  }, 30_000)

  test('a viewer reads pages and is told which permission the tokens need', async () => {
    const page = await (await signedIn('a-viewer')).newPage()
    await open(page, '/models/late')
    expect(await page.locator('main [role="alert"]').count()).toBe(0)
    await open(page, '/settings?tab=tokens')
    await page.getByText('You cannot see the tokens.').waitFor()
    expect(await page.locator('.note code').allInnerTexts()).toContain('token:write')
  }, 30_000)

  test('a viewer cannot decide, and the inbox says why', async () => {
    const page = await (await signedIn('a-viewer')).newPage()
    await open(page, `/inbox/${world.item}`)
    await page.getByText('waiting for somebody else').waitFor()
    const form = page.locator('form.decision')
    expect(await form.locator('button[type="submit"]').getAttribute('aria-disabled')).toBe('true')
    expect(await form.innerText()).toContain('inbox:decide')
  }, 30_000)

  test('on a phone the home page and the inbox do not scroll sideways', async () => {
    const page = await (await signedIn(undefined, { width: 390, height: 844 })).newPage()
    for (const path of ['', '/inbox']) {
      await open(page, path)
      expect([path, await overflow(page)]).toEqual([path, 0])
    }
  }, 30_000)

  test('an approver decides by clicking, and the item leaves his list', async () => {
    const page = await (await signedIn('a-approver')).newPage()
    await open(page, '/inbox')
    const mine = page.getByRole('list', { name: 'Decisions' }).getByRole('button')
    const asked = mine.filter({ hasText: 'late' }).filter({ hasText: 'approval' })
    expect(await asked.count()).toBe(1)
    await asked.click()
    await page.getByRole('radio', { name: /approve/i }).check()
    await page.getByLabel(/Reason/).fill('the curve is good')
    await page.locator('form.decision button[type="submit"]').click()
    await asked.waitFor({ state: 'detached' })
    await page.getByRole('tab', { name: 'Done' }).click()
    await mine.filter({ hasText: 'late' }).first().click()
    await page.getByText('the curve is good').waitFor()
  }, 30_000)
})
