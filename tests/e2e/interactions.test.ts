import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLoginLink, getAlert, listMonitorWindows, logHistograms } from '@trivium/contract'
import { type Client, createClient } from '@trivium/sdk'
import { launchChromium } from '@trivium/testing/chromium'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'
import { seedWorld, type World } from './seed-world.ts'

const limit = 15_000

let server: StartedServer
let browser: Browser
let world: World
let client: Client
const contexts: BrowserContext[] = []

async function signedIn(name?: string): Promise<BrowserContext> {
  const { path } = await client.call(createLoginLink, { body: name === undefined ? {} : { name } })
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  contexts.push(context)
  context.setDefaultTimeout(limit)
  const page = await context.newPage()
  await page.goto(`${server.ready.url}${path}`)
  await page.waitForURL(/\/p\//)
  await page.close()
  return context
}

/** A page that keeps what went wrong on it: scripts, console, answers. */
async function watched(context: BrowserContext): Promise<{ page: Page; errors: string[] }> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(`script: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`)
  })
  return { page, errors }
}

const at = (path: string, project = world.project) => `${server.ready.url}/p/${project}${path}`
const text = (page: Page) => page.locator('main').innerText()
const seen = async (page: Page, words: RegExp) => {
  await expect.poll(() => text(page), { timeout: limit, interval: 60, message: page.url() }).toMatch(words)
}

describe('what people do on the pages', () => {
  let admin: BrowserContext

  beforeAll(async () => {
    const build = join(import.meta.dirname, '../../scripts/build-web.mjs')
    await promisify(execFile)(process.execPath, [build], { timeout: 120_000 })
    ;[server, browser] = await Promise.all([startServer(), launchChromium()])
    const token: string = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    client = createClient({ baseUrl: server.ready.url, token })
    world = await seedWorld(server.ready.url, token)
    admin = await signedIn()
  }, 180_000)

  afterEach(async () => {
    await Promise.all(contexts.flatMap((context) => context.pages().map((page) => page.close())))
  })

  afterAll(async () => {
    await Promise.all(contexts.map((context) => context.close()))
    await browser?.close()
    await server?.stop()
  }, 30_000)

  test('the home page tells the state of the whole loop and what happened', async () => {
    const { page, errors } = await watched(admin)
    await page.goto(at(''))
    await seen(page, /Data[\s\S]*Runs[\s\S]*Model[\s\S]*Deployment[\s\S]*serving v1[\s\S]*Monitor[\s\S]*Alert/)
    await seen(page, /Waiting for you[\s\S]*log loss degraded[\s\S]*Events[\s\S]*was registered/)
    expect(errors).toEqual([])
  }, 60_000)

  test('runs are filtered and sorted in the address, and C compares the chosen ones', async () => {
    const { page, errors } = await watched(admin)
    await page.goto(at("/experiments/Default?filter=params.rate+%3D+'0.3'&sort=-metrics.loss"))
    await seen(page, /1 run match/)
    const names = page.locator('tbody tr .ch-name')
    expect(await names.allInnerTexts()).toEqual(['rate-0.3'])
    await page.locator('.table-foot').getByRole('button', { name: 'Clear filter' }).click()
    await seen(page, /2 runs\./)
    expect(await names.allInnerTexts()).toEqual(['rate-0.1', 'rate-0.3'])
    await page.getByLabel('Select all rows').check()
    await page.keyboard.press('c')
    await page.waitForURL(/runs\/compare\?ids=/)
    await seen(page, /One run each: whether[\s\S]*What differs[\s\S]*rate\s+0\.1\s+0\.3[\s\S]*cannot judge yet/)
    await page.getByRole('button', { name: 'Make it the baseline' }).click()
    await seen(page, /What differs[\s\S]*rate\s+0\.3\s+0\.1/)
    expect(errors).toEqual([])
  }, 60_000)

  test('runs with several seeds are drawn, grouped, found again by their group, and judged; the address keeps it all', async () => {
    const token = (await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN
    const mlflow = async (call: string, body: unknown) => {
      const response = await fetch(`${server.ready.url}/api/2.0/mlflow/${call}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.status, call).toBe(200)
      return (await response.json()) as any
    }
    const { experiment_id } = await mlflow('experiments/create', { name: 'seeds' })
    const ids: string[] = []
    for (const [depth, values] of [
      ['3', [0.66, 0.668, 0.664]],
      ['9', [0.69, 0.698, 0.693]],
    ] as const)
      for (const [seed, value] of values.entries()) {
        const made = await mlflow('runs/create', {
          experiment_id,
          run_name: `d${depth}-s${seed}`,
          start_time: seed + 1,
        })
        const { run_id } = made.run.info
        const curve = Array.from({ length: 20 }, (_, step) => ({
          key: 'val_loss',
          value: 1 / (step + Number(depth)),
          step,
          timestamp: step,
        }))
        await mlflow('runs/log-batch', {
          run_id,
          params: [
            { key: 'depth', value: depth },
            { key: 'seed', value: `${seed}` },
          ],
          metrics: [
            { key: 'auc', value, step: 0, timestamp: 1 },
            { key: 'bytes', value: value * 1000 + seed, step: 0, timestamp: 1 },
            ...curve,
          ],
        })
        await mlflow('runs/update', { run_id, status: 'FINISHED', end_time: 5000 })
        ids.push(run_id)
      }
    const { page, errors } = await watched(admin)
    await page.goto(at('/experiments/seeds'))
    await page.getByRole('figure', { name: /^auc: 6 points of auc against depth/ }).waitFor()
    await page.getByRole('figure', { name: /^val_loss/ }).waitFor()
    expect(await page.locator('tbody .spark').count()).toBe(6)
    await page.getByLabel('Upright').selectOption('bytes')
    await page.getByLabel('across').selectOption('seed')
    await page.getByRole('figure', { name: /^bytes: 6 points of bytes against seed/ }).waitFor()
    await page.reload()
    await page.getByRole('figure', { name: /^bytes: 6 points of bytes against seed/ }).waitFor()
    await page.getByLabel('Group').selectOption('depth')
    await seen(page, /0\.6640\s+sd 0\.0040[\s\S]*2 groups of 6 runs/)
    expect(page.url()).toContain('group=params.depth')
    await page.getByRole('button', { name: '9', exact: true }).click()
    await seen(page, /3 runs match/)
    expect(await page.locator('tbody tr .ch-name').allInnerTexts()).toEqual(['d9-s2', 'd9-s1', 'd9-s0'])
    await page.goto(at(`/runs/compare?ids=${ids[0]},${ids[3]}`))
    await seen(
      page,
      /d9-s0 is better than d3-s0 on auc[\s\S]*corrected for 2 comparisons[\s\S]*3 runs of this configuration/,
    )
    const bytes = page.locator('tr', { hasText: 'bytes' })
    await expect.poll(() => bytes.innerText(), { timeout: limit }).toMatch(/cannot judge yet\s+3 runs against 3; say/)
    await page.getByLabel('Which way bytes is better').selectOption('lower')
    await expect.poll(() => bytes.innerText(), { timeout: limit }).toMatch(/worse/)
    expect(page.url()).toContain('lower=bytes')
    expect(errors).toEqual([])
  }, 60_000)

  test('a filter that the server does not understand says why beside the field', async () => {
    const { page } = await watched(admin)
    await page.goto(at('/experiments/Default?filter=metrics.loss+%3E'))
    await page.locator('.field-error').waitFor()
    expect(await page.locator('.field-error').innerText()).toContain('Expected numeric value')
  }, 60_000)

  test('a run and its curve appear on the open pages while it runs', async () => {
    const list = await watched(admin)
    await list.page.goto(at('/experiments/Default'))
    await seen(list.page, /2 runs\./)
    const mlflow = async (call: string, body: unknown) => {
      const response = await fetch(`${server.ready.url}/api/2.0/mlflow/${call}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${(await server.trivium(['env', '--json'])).json.TRIVIUM_TOKEN}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      })
      expect(response.status, call).toBe(200)
      return (await response.json()) as any
    }
    const { run } = await mlflow('runs/create', { experiment_id: '0', run_name: 'newcomer', start_time: Date.now() })
    await seen(list.page, /newcomer[\s\S]*3 runs\./)
    const one = await watched(admin)
    await one.page.goto(at(`/runs/${run.info.run_id}`))
    await seen(one.page, /running[\s\S]*No metric yet/)
    for (const step of [1, 2, 3])
      await mlflow('runs/log-metric', {
        run_id: run.info.run_id,
        key: 'loss',
        value: 1 / step,
        step,
        timestamp: Date.now(),
      })
    await one.page.getByRole('figure', { name: /^loss/ }).waitFor()
    await seen(one.page, /loss\s+0\.3333/)
    expect([...list.errors, ...one.errors]).toEqual([])
  }, 60_000)

  test('histograms of a run are walked over by keyboard, appear while it runs, and a recovered metric says so', async () => {
    const { page, errors } = await watched(admin)
    const run = world.runs[0] ?? ''
    await page.goto(at(`/runs/${run}`))
    const chart = page.getByRole('group', { name: /^gradients\/dense: the arrow keys/ })
    await chart.focus()
    for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'ArrowUp']) await page.keyboard.press(key)
    const words = page.locator('[aria-live="polite"]', { hasText: 'Step 28' })
    expect(await words.textContent()).toMatch(
      /^Step 28: [\d,]+ of [\d,]+ values from .* to .*; p5 .*, p50 .*, p95 .*\.$/,
    )
    const box = await chart.boundingBox()
    const [x, y] = [(box?.x ?? 0) + 100, (box?.y ?? 0) + 60]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 150, y, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/hist_from=\d+&hist_to=\d+/)
    await page.getByRole('button', { name: /^Show all steps, not \d+ to \d+/ }).click()
    await seen(page, /f1\s+1 point recovered from checkpoints[\s\S]*checkpoints\/step=39\.onnx/)
    const histogram = {
      key: 'weights/dense',
      step: 1,
      timestamp: 1,
      edges: [0, 1],
      counts: [2],
      count: 2,
      min: 0,
      max: 1,
    }
    await client.call(logHistograms, {
      params: { project: world.project, run },
      body: { histograms: [{ ...histogram, sum: null, sumSquares: null }] },
    })
    await page.getByRole('figure', { name: /^weights\/dense/ }).waitFor()
    expect(errors).toEqual([])
  }, 60_000)

  test('a monitor opens at the window that a link names, and a feature of it leads to its distribution', async () => {
    let degraded: string | undefined
    const look = async () => {
      const { windows } = await client.call(listMonitorWindows, {
        params: { project: world.project, monitor: 'delays-daily' },
        query: {},
      })
      const found = windows.find((window) => window.state === 'degraded')
      degraded = found?.urn.split(':').at(-1)
      return degraded
    }
    await expect.poll(look, { timeout: 20_000 }).toBeDefined()
    const { page, errors } = await watched(admin)
    await page.goto(at(`/monitors/delays-daily?window=${degraded}`))
    await seen(page, /Worse by[\s\S]*0\.05\s+degraded[\s\S]*distance/)
    await page.getByRole('button', { name: 'distance', exact: true }).click()
    await page.waitForURL(/tab=data/)
    await page.getByRole('figure', { name: /^Drift of distance/ }).waitFor()
    await page
      .getByRole('figure', { name: /^distance/ })
      .first()
      .waitFor()
    expect(errors).toEqual([])
  }, 60_000)

  test('a small drift chart leads to the distribution of its feature, by mouse and by keyboard', async () => {
    const { page, errors } = await watched(admin)
    await page.goto(at('/monitors'))
    await page.getByRole('link', { name: /^distance ?: / }).click()
    await page.waitForURL(/monitors\/delays-daily\?tab=data&feature=distance/)
    await page.getByRole('figure', { name: /^Drift of distance/ }).waitFor()
    await page.getByRole('link', { name: /^hour ?: / }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/feature=hour/)
    await page.getByRole('figure', { name: /^Drift of hour/ }).waitFor()
    expect(await page.getByRole('link', { name: /^hour ?: / }).getAttribute('aria-current')).toBe('true')
    expect(errors).toEqual([])
  }, 60_000)

  test('a viewer sees an alert, and its buttons say which permission they need', async () => {
    const { page } = await watched(await signedIn('a-viewer'))
    await page.goto(at(`/alerts/${world.alert}`))
    const noise = page.getByRole('button', { name: /^Noise/ })
    await noise.waitFor()
    await expect.poll(() => noise.getAttribute('aria-disabled'), { timeout: limit }).toBe('true')
    expect(await noise.innerText()).toContain('alert:write')
  }, 60_000)

  test('an alert is acknowledged, rated and resolved on a phone', async () => {
    const { page, errors } = await watched(admin)
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(at(`/alerts/${world.alert}`))
    await page.getByRole('button', { name: 'Acknowledge' }).first().click()
    await seen(page, /open, acknowledged/)
    await page.getByRole('button', { name: 'Useful', exact: true }).click()
    await page.getByRole('button', { name: 'Useful', exact: true, pressed: true }).waitFor()
    await page.getByLabel(/Reason/).fill('The far flights are new.')
    await page.locator('#decide').getByRole('button', { name: 'Resolve' }).click()
    await seen(page, /resolved[\s\S]*The far flights are new/)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    const alert = await client.call(getAlert, { params: { project: world.project, alert: world.alert } })
    expect(alert).toMatchObject({ state: 'resolved', useful: 'useful', resolvedReason: 'The far flights are new.' })
    expect(errors).toEqual([])
  }, 60_000)

  test('lists of an empty project say what will appear and how', async () => {
    const { page, errors } = await watched(admin)
    for (const [path, words] of [
      ['/datasets', /No dataset yet/],
      ['/experiments', /No experiment yet[\s\S]*trivium env --project empty/],
      ['/monitors', /No monitor yet[\s\S]*trivium monitors define/],
      ['/alerts', /No alert yet/],
      ['/evaluations', /No evaluation yet/],
    ] as const) {
      await page.goto(at(path, world.emptyProject))
      await seen(page, words)
    }
    expect(errors).toEqual([])
  }, 60_000)
})
