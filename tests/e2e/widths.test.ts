import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'
import { pageAddresses } from './page-addresses.ts'
import { seedWorld, type World } from './seed-world.ts'
import { openPage, signedIn } from './signed-in.ts'

let server: StartedServer
let browser: Browser
let world: World
let admin: BrowserContext

/** What is wider than its page, in words: the document, the content, and what juts out of it where nothing scrolls. */
const tooWide = (page: Page) =>
  page.evaluate<string[]>(`(() => {
    const root = document.documentElement
    const main = document.querySelector('main')
    const found = []
    if (root.scrollWidth > root.clientWidth) found.push('the document scrolls by ' + (root.scrollWidth - root.clientWidth))
    if (main.scrollWidth > main.clientWidth + 1) found.push('the content scrolls by ' + (main.scrollWidth - main.clientWidth))
    const edge = main.getBoundingClientRect().right
    const isHeld = (node) => {
      for (let at = node.parentElement; at && at !== main; at = at.parentElement)
        if (getComputedStyle(at).overflowX !== 'visible') return true
      return false
    }
    for (const node of main.querySelectorAll('*')) {
      const { width, right } = node.getBoundingClientRect()
      if (width > 0 && right > edge + 1 && !isHeld(node))
        found.push(node.tagName + ' ' + (node.getAttribute('class') ?? '') + ' juts out by ' + Math.round(right - edge))
    }
    return found.slice(0, 5)
  })()`)

describe('the pages on narrow screens', () => {
  beforeAll(async () => {
    const build = join(import.meta.dirname, '../../scripts/build-web.mjs')
    await promisify(execFile)(process.execPath, [build], { timeout: 120_000 })
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    const token: string = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    const client = createClient({ baseUrl: server.ready.url, token })
    world = await seedWorld(server.ready.url, token)
    admin = await signedIn(browser, client, server.ready.url)
  }, 180_000)

  afterAll(async () => {
    await admin?.close()
    await browser?.close()
    await server?.stop()
  }, 30_000)

  test.each([
    ['a small laptop', 1100, 800],
    ['a phone', 390, 844],
  ])(
    'no page scrolls sideways or juts out on %s',
    async (_, width, height) => {
      const page = await admin.newPage()
      await page.setViewportSize({ width, height })
      const found: string[] = []
      for (const path of await pageAddresses(world)) {
        await openPage(page, `${server.ready.url}/p/${world.project}${path}`)
        found.push(...(await tooWide(page)).map((words) => `${path}: ${words}`))
      }
      await page.close()
      expect(found).toEqual([])
    },
    120_000,
  )

  test.each([
    [1440, 900],
    [1100, 800],
  ])(
    'at %d by %d the lineage graph of a model version is seen whole when it opens',
    async (width, height) => {
      const page = await admin.newPage()
      await page.setViewportSize({ width, height })
      const urn = encodeURIComponent(`trivium://${world.project}/model/late@1`)
      await openPage(page, `${server.ready.url}/p/${world.project}/lineage/${urn}`)
      const graph = page.getByRole('group', { name: /^What late was made from/ })
      await graph.waitFor()
      const box = await graph.boundingBox()
      const nodes = await graph.getByRole('button').all()
      expect(nodes.length).toBeGreaterThan(8)
      for (const node of nodes) {
        const at = await node.boundingBox()
        const right = (at?.x ?? 0) + (at?.width ?? 0)
        const bottom = (at?.y ?? 0) + (at?.height ?? 0)
        expect(right).toBeLessThanOrEqual((box?.x ?? 0) + (box?.width ?? 0))
        expect(bottom).toBeLessThanOrEqual(Math.min(height, (box?.y ?? 0) + (box?.height ?? 0)))
      }
      const before = await nodes[0]?.boundingBox()
      await page.getByRole('button', { name: 'Zoom in' }).click()
      await expect.poll(async () => (await nodes[0]?.boundingBox())?.width).toBeGreaterThan(before?.width ?? 0)
      await page.getByRole('button', { name: 'Fit' }).click()
      await expect.poll(async () => (await nodes[0]?.boundingBox())?.width).toBe(before?.width)
      await page.close()
    },
    60_000,
  )
})
