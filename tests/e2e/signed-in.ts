import { createLoginLink } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

const limit = 15_000

/** A browser of its own, signed in by a login link. */
export async function signedIn(
  browser: Browser,
  client: Client,
  baseUrl: string,
  { name, ...options }: BrowserContextOptions & { readonly name?: string } = {},
): Promise<BrowserContext> {
  const { path } = await client.call(createLoginLink, { body: name === undefined ? {} : { name } })
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(limit)
  const page = await context.newPage()
  await page.goto(`${baseUrl}${path}`)
  await page.waitForURL(/\/p\//)
  await page.close()
  return context
}

/** Opens an address and waits until nothing on the page is loading. */
export async function openPage(page: Page, address: string): Promise<void> {
  await page.goto(address)
  await page.locator('h1').first().waitFor()
  // no `waitForFunction`: the page's content security policy forbids what it does
  await expect.poll(() => page.locator('main [aria-busy="true"]').count(), { timeout: limit, interval: 30 }).toBe(0)
}
