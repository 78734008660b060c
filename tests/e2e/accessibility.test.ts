import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLoginLink } from '@trivium/contract'
import { type Client, createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'
import { pageAddresses } from './page-addresses.ts'
import { seedWorld, type World } from './seed-world.ts'
import { openPage, signedIn } from './signed-in.ts'

const themes = ['light', 'dark'] as const

let server: StartedServer
let browser: Browser
let world: World
let client: Client
let axe: string
let admin: BrowserContext
const contexts: BrowserContext[] = []

/** Waits until nothing has faded for some frames: half-seen text has half its contrast. */
const atRest = (page: Page) =>
  page.evaluate(`new Promise((rested) => {
    const fades = (one) => one.playState === 'running' && Number.isFinite(one.effect?.getComputedTiming().endTime)
    const look = (still) => {
      if (still === 3) return rested()
      requestAnimationFrame(() => look(document.getAnimations().some(fades) ? 0 : still + 1))
    }
    look(0)
  })`)

/** What axe finds on a page in each theme, in words; empty where nothing is. */
async function violations(page: Page, where: string): Promise<string[]> {
  await page.evaluate(axe)
  const found: string[] = []
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme })
    await atRest(page)
    const result = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })")
    for (const { id, impact, nodes } of result.violations)
      for (const { target, html } of nodes)
        found.push(`${where} (${colorScheme}): ${impact} ${id}: ${target.join(' ')} ${html.slice(0, 160)}`)
  }
  return found
}

/** Whether somebody who looks can tell where the keyboard is: an outline around it or around the field that holds it. */
const focusIsSeen = (page: Page) =>
  page.evaluate<boolean>(`(() => {
    const here = document.activeElement
    if (!here || here === document.body) return false
    return [here, here.closest('.inp')].some((one) => {
      if (!one) return false
      const { outlineStyle, outlineWidth } = getComputedStyle(one)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1
    })
  })()`)

const focused = (page: Page) =>
  page.evaluate<string>(`(() => {
    const here = document.activeElement
    const label = here?.getAttribute('aria-label') || here?.labels?.[0]?.textContent || here?.textContent || here?.id
    return (label || '').trim()
  })()`)

/** Presses keys until they have their effect: a page that is only just drawn may not listen yet. */
async function pressUntil(page: Page, keys: readonly string[], effect: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    for (const key of keys) await page.keyboard.press(key)
    try {
      await effect()
      return
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}

/** Presses Tab until something with these words has the focus; every stop on the way must be seen. */
async function tabTo(page: Page, words: RegExp, most = 90): Promise<void> {
  const passed: string[] = []
  for (let at = 0; at < most; at++) {
    await page.keyboard.press('Tab')
    const here = await focused(page)
    expect([here, await focusIsSeen(page)]).toEqual([here, true])
    if (words.test(here)) return
    passed.push(here.slice(0, 30))
  }
  throw new Error(`Tab did not reach ${words}; it passed ${passed.join(' | ')}`)
}

const at = (path: string, project = world.project) => `${server.ready.url}/p/${project}${path}`

describe('the pages for people who do not see them or have no mouse', () => {
  beforeAll(async () => {
    const build = join(import.meta.dirname, '../../scripts/build-web.mjs')
    await promisify(execFile)(process.execPath, [build], { timeout: 120_000 })
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    const token: string = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    client = createClient({ baseUrl: server.ready.url, token })
    world = await seedWorld(server.ready.url, token)
    admin = await signedIn(browser, client, server.ready.url)
    contexts.push(admin)
  }, 180_000)

  afterEach(async () => {
    await Promise.all(contexts.flatMap((context) => context.pages().map((page) => page.close())))
  })

  afterAll(async () => {
    await Promise.all(contexts.map((context) => context.close()))
    await browser?.close()
    await server?.stop()
  }, 30_000)

  test('axe finds nothing on any page in both themes', async () => {
    const page = await admin.newPage()
    const found: string[] = []
    for (const path of await pageAddresses(world)) {
      await openPage(page, at(path))
      found.push(...(await violations(page, path)))
    }
    expect(found).toEqual([])
  }, 240_000)

  test('axe finds nothing on the tabs, dialogs and states of pages in both themes', async () => {
    const page = await admin.newPage()
    const found: string[] = []
    for (const path of [
      '/settings?tab=people',
      '/settings?tab=groups',
      '/settings?tab=roles',
      '/settings?tab=sessions',
      '/settings?tab=tokens',
      '/settings?tab=secrets',
      '/settings?tab=connections',
      '/settings?tab=webhooks',
      '/settings?tab=imports',
      '/settings?tab=personal-data',
      '/settings?tab=audit',
      '/settings?tab=storage',
      '/settings?tab=quotas',
      '/settings?tab=archive',
      '/settings?tab=status',
      '/settings?tab=appearance',
      '/monitors/delays-daily?tab=data',
      '/monitors/delays-daily?tab=windows',
      `/lineage?urn=${encodeURIComponent(`trivium://${world.project}/model/late@1`)}&as=table`,
      `/runs/${world.runs[0]}?tab=traces`,
      '/models/nothing',
      '/nowhere',
    ]) {
      await page.goto(at(path))
      await page.locator('h1, main [role="alert"]').first().waitFor()
      found.push(...(await violations(page, path)))
    }
    for (const path of ['', '/datasets', '/alerts']) {
      await openPage(page, at(path, world.emptyProject))
      found.push(...(await violations(page, `empty project ${path}`)))
    }
    await openPage(page, at('/models'))
    await page.keyboard.press('/')
    await page.getByRole('combobox').first().fill('late')
    await page.getByRole('option').first().waitFor()
    found.push(...(await violations(page, 'find box')))
    await page.keyboard.press('Escape')
    await page.locator('#find-list').waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    found.push(...(await violations(page, 'keys')))
    await page.keyboard.press('Escape')
    await page.goto(`${server.ready.url}/login`)
    await page.locator('h1').waitFor()
    found.push(...(await violations(page, 'login')))
    expect(found).toEqual([])
  }, 120_000)

  test('the skip link is the first stop, and leads past the navigation to the content', async () => {
    const page = await admin.newPage()
    await openPage(page, at('/models'))
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await tabTo(page, /late/, 8)
  }, 30_000)

  test('by keyboard alone: from the login link over home to a model, and an approval in the inbox, with the focus seen at each step', async () => {
    const { path } = await client.call(createLoginLink, { body: { name: 'a-approver' } })
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${server.ready.url}${path}`)
    await page.waitForURL(at(''))
    await page.getByRole('link', { name: 'Models', exact: true }).waitFor()
    await tabTo(page, /^Models$/)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/models$/)
    await page.getByRole('link', { name: 'late', exact: true }).first().waitFor()
    await pressUntil(page, ['j'], () => page.locator('tr[data-active="true"]:focus').waitFor({ timeout: 2000 }))
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/models\/late$/)
    await page.getByRole('heading', { level: 1, name: /late/ }).waitFor()
    await pressUntil(page, ['g', 'i'], () => page.waitForURL(/\/inbox/, { timeout: 2000 }))
    await page.getByRole('list', { name: 'Decisions' }).waitFor()
    await tabTo(page, /late.*approval|approval.*late|Approve late/i)
    await page.keyboard.press('Enter')
    await page.locator('form.decision').waitFor()
    await page.waitForURL(new RegExp(world.item))
    // a group of radios is one stop of the keyboard; arrows choose
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate<boolean>("document.activeElement?.getAttribute('type') === 'radio'")) break
    }
    expect(await focusIsSeen(page)).toBe(true)
    await page.keyboard.press('Space')
    for (let presses = 0; presses < 5 && !(await page.getByRole('radio', { name: /approve/i }).isChecked()); presses++)
      await page.keyboard.press('ArrowDown')
    await tabTo(page, /^Reason/, 3)
    await page.keyboard.type('by keyboard')
    await tabTo(page, /^Approve/i, 8)
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'Done' }).waitFor()
    await expect
      .poll(() => page.getByRole('list', { name: 'Decisions' }).getByText(/late/).count(), { timeout: 10_000 })
      .toBe(0)
  }, 90_000)
})
