import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { launchChromium } from '@trivium/testing/chromium'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFiles } from '../../packages/cli/src/testing/started-files.ts'
import { type StartedServer, startServer } from '../../packages/cli/src/testing/started-server.ts'

const root = join(import.meta.dirname, '../..')

describe('the settings', () => {
  const received: { type: string; signature: unknown }[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ type: JSON.parse(body).type as string, signature: request.headers['webhook-signature'] })
      response.writeHead(204).end()
    })
  })
  let server: StartedServer
  let browser: Browser
  let page: Page
  let port: number
  let files: Awaited<ReturnType<typeof startFiles>>

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, 'scripts/build-web.mjs')], { timeout: 120_000 })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    ;({ port } = receiver.address() as AddressInfo)
    files = await startFiles()
    const allowed = [`127.0.0.1:${port}`, new URL(files.url).host]
    ;[server, browser] = await Promise.all([
      startServer(['--egress-allow', allowed.join(','), '--passwords']),
      launchChromium(),
    ])
    page = await browser.newPage()
    await page.goto(server.ready.loginUrl)
    await page.waitForURL(`${server.ready.url}/p/default`)
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    receiver.closeAllConnections()
    receiver.close()
    files?.close()
  }, 30_000)

  test('a webhook is made, tried, refused for an internal address, turned off and removed', async () => {
    await page.goto(`${server.ready.url}/p/default/settings?tab=webhooks`)
    await page.getByText('Nobody is told yet').waitFor()
    const make = async (name: string, url: string) => {
      await page.getByLabel('Name').fill(name)
      await page.getByLabel('Posts to').fill(url)
      await page.getByLabel(/^Events/).fill('experiment.*')
      await page.getByRole('button', { name: 'Make webhook' }).click()
    }
    await make('metadata', 'https://169.254.169.254/latest')
    await page.getByText('an internal address').waitFor()
    await make('pager', `http://127.0.0.1:${port}/`)
    await page.getByText(/whsec_/).waitFor()
    const row = page.getByRole('row', { name: /pager/ })
    await row.getByRole('button', { name: 'Try' }).click()
    await page.getByText('pager answered 204').waitFor()
    expect(received.map(({ type }) => type)).toEqual(['dev.trivium.webhook.tried'])
    expect(received[0]?.signature).toMatch(/^v1,/)
    await row.getByRole('button', { name: 'Deliveries' }).click()
    await page.getByRole('row', { name: /webhook\.tried.*delivered/ }).waitFor()
    await row.getByRole('button', { name: 'Turn off' }).click()
    await row.getByText('off', { exact: true }).waitFor()
    await row.getByRole('button', { name: 'Remove' }).click()
    await page.getByText('Nobody is told yet').waitFor()
  }, 60_000)

  test('a person is found, exported, and erased by typing his id; his values read redacted, and the record names nobody', async () => {
    const send = async (method: string, path: string, data: unknown, type = 'application/json') => {
      const answer = await page.request.fetch(`${server.ready.url}/api/v1/projects/default/${path}`, {
        method,
        data,
        headers: { 'content-type': type, origin: server.ready.url },
      })
      expect(answer.status(), await answer.text()).toBe(200)
    }
    await send('PUT', 'datasets/customers', { personal: ['email'], subjectColumn: 'customer' })
    const rows = 'customer,email\nann-7,ann@example.org\nbob-8,bob@example.org\n'
    await send('POST', 'datasets/customers/versions?format=csv', Buffer.from(rows), 'text/csv')
    await page.goto(`${server.ready.url}/p/default/settings?tab=personal-data`)
    await page.getByText('Nobody was erased yet').waitFor()
    await page.getByLabel('Id of the person').fill('ann-7')
    await page.getByRole('button', { name: 'Find the person' }).click()
    await page.getByRole('row', { name: /datasets.*customers.*1/ }).waitFor()
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export the records' }).click(),
    ])
    expect(await text(await file.createReadStream())).toContain('ann@example.org')
    await page.getByLabel('Reason for erasing').fill('Request 2026-17')
    await page.getByRole('button', { name: 'Erase the person' }).click()
    await page.getByLabel('Type ann-7 to go on').fill('ann-7')
    await page.getByRole('button', { name: 'Erase 1 record', exact: true }).click()
    const record = page.getByRole('row', { name: /finished.*Request 2026-17/ })
    await record.waitFor()
    expect(await record.innerText()).not.toContain('ann')
    await page.goto(`${server.ready.url}/p/default/datasets/customers?tab=rows`)
    await page.getByRole('row', { name: /ann-7.*redacted/ }).waitFor()
    await page.getByText('1 row of 1 erased person').waitFor()
    await page.getByRole('row', { name: /bob-8.*bob@example.org/ }).waitFor()
  }, 60_000)

  test('the status says of each part whether it works', async () => {
    await page.goto(`${server.ready.url}/p/default/settings?tab=status`)
    await page.getByRole('row', { name: /^Disk/ }).waitFor()
    const rows = await page.getByRole('row').allInnerTexts()
    for (const part of ['Database', 'Events and their readers', 'Waiting jobs', 'Gateway', 'Disk'])
      expect(rows.find((row) => row.startsWith(part))).toContain('works')
  }, 60_000)

  test('a role is made and given by a group, and a page says who may do what and why', async () => {
    const settings = (tab: string) => page.goto(`${server.ready.url}/p/default/settings?tab=${tab}`)
    await settings('people')
    const add = page.locator('form', { has: page.getByRole('button', { name: 'Add to default' }) })
    await add.getByLabel('Name').fill('jane')
    await add.locator('select').last().selectOption('viewer')
    await add.getByRole('button').click()
    await page.getByRole('row', { name: /jane/ }).waitFor()
    await settings('roles')
    await page.getByLabel('Name').fill('curator')
    for (const permission of ['project:read', 'dataset:write'])
      await page.getByLabel(permission, { exact: true }).check()
    await page.getByRole('button', { name: 'Save role of default' }).click()
    await page.getByRole('row', { name: /curator of this project/ }).waitFor()
    await settings('groups')
    const group = page.locator('form', { has: page.getByRole('button', { name: 'Save group' }) })
    await group.getByLabel('Group').fill('curators')
    await group.getByLabel('Put somebody into it').fill('jane')
    await group.getByRole('button').click()
    await page.getByRole('row', { name: /curators .*jane/ }).waitFor()
    const give = page.locator('form', { has: page.getByRole('button', { name: 'Give role in default' }) })
    await give.getByLabel('Group').fill('curators')
    await give.locator('select').selectOption('curator')
    await give.getByRole('button').click()
    await page.getByRole('row', { name: /curators curator jane/ }).waitFor()
    await page.evaluate(() =>
      fetch('/api/v1/projects/default/datasets/trips', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{"description":"Trips"}',
      }),
    )
    await page.goto(`${server.ready.url}/p/default/datasets/trips`)
    await page.getByRole('button', { name: 'Who may' }).click()
    await page.getByText('Who may add versions').waitFor()
    expect(await page.getByRole('listitem').filter({ hasText: 'jane' }).innerText()).toContain(
      'curator, by group curators',
    )
    await settings('roles')
    await page.getByLabel('Name').fill('watcher')
    await page.getByLabel('Can be held in').selectOption('instance')
    await page.getByLabel('project:read', { exact: true }).check()
    await page.getByRole('button', { name: 'Save role of the instance' }).click()
    const watcher = page.getByRole('row', { name: /watcher of the instance/ })
    await watcher.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Remove watcher' }).click()
    await watcher.waitFor({ state: 'detached' })
    await settings('groups')
    await page.getByRole('button', { name: 'Remove group' }).click()
    await page.getByText('1 member loses the roles of the group').waitFor()
    await page.getByRole('button', { name: 'Remove curators' }).click()
    await page.getByText('There is no group yet.').waitFor()
  })

  test('a connection is tried, and an internal address is allowed for one of them with a reason and withdrawn', async () => {
    await page.goto(`${server.ready.url}/p/default/settings?tab=connections`)
    await page.getByText(/No connection fails/).waitFor()
    await page.getByRole('button', { name: 'Test object-store' }).click()
    await page.getByRole('row', { name: /object-store .*64 bytes were written, read and removed/ }).waitFor()
    await page.getByLabel('Address').fill('hooks.internal:8443')
    await page.getByLabel('Reason').fill('our own chat server')
    await page.getByRole('button', { name: 'Allow for webhooks' }).click()
    await page
      .getByRole('row', { name: /hooks.internal:8443 webhooks our own chat server/ })
      .getByRole('button')
      .click()
    await page.getByRole('dialog').getByLabel('Reason').fill('it moved')
    await page.getByRole('button', { name: 'Withdraw hooks.internal:8443' }).click()
    await page.getByText('No other address is allowed.').waitFor()
    expect(await page.getByText('hooks.internal:8443').count()).toBe(0)
  })

  test('a place for content is refused while it does not work, chosen, tried and left', async () => {
    await page.goto(`${server.ready.url}/p/default/settings?tab=storage`)
    await page.getByText(/what is new goes to the object store of this instance/).waitFor()
    await page.getByRole('button', { name: 'Choose a place…' }).click()
    await page.getByLabel('What it is').selectOption('http')
    await page.getByLabel('Address').fill('https://169.254.169.254/models')
    await page.getByLabel('User').fill('robot')
    await page.getByLabel('Password').fill('not-a-real-one')
    await page.getByRole('button', { name: 'Keep what is new there' }).click()
    await page.getByText('an internal address').waitFor()
    await page.getByLabel('Address').fill(`${files.url}/models`)
    await page.getByRole('button', { name: 'Keep what is new there' }).click()
    await page.getByRole('row', { name: /models binary repository gets what is new/ }).waitFor()
    await page.getByRole('button', { name: 'Test the place' }).click()
    await page.getByText(/A small content was written, read whole and in part, and removed/).waitFor()
    expect(await page.content()).not.toContain('not-a-real-one')
    await page.getByRole('button', { name: 'Back to the own store' }).click()
    await page.getByText(/what is new goes to the object store of this instance/).waitFor()
  })

  test('somebody invited chooses a password, signs in with it elsewhere, and his sessions are ended in the settings', async () => {
    await page.goto(`${server.ready.url}/p/default/settings?tab=people`)
    await page.getByRole('button', { name: 'Make invitation' }).click()
    const link = await page.getByText(/login#invitation=tri_/).innerText()
    const [first, second] = await Promise.all([browser.newPage(), browser.newPage()])
    await first.goto(link)
    await first.getByRole('heading', { name: 'Join Default' }).waitFor()
    expect(first.url()).not.toContain('tri_')
    await first.getByLabel('Name').fill('invited')
    await first.getByLabel('Password').fill('invited-invited')
    await first.getByRole('button', { name: 'Make account and join' }).click()
    await first.getByText('it is made of the name').waitFor()
    await first.getByLabel('Password').fill('correct horse battery')
    await first.getByRole('button', { name: 'Make account and join' }).click()
    await first.waitForURL(`${server.ready.url}/p/default`)
    await second.goto(`${server.ready.url}/login?next=${encodeURIComponent('/p/default/models')}`)
    await second.getByLabel('Name').fill('invited')
    await second.getByLabel('Password').fill('something else entirely')
    await second.getByRole('button', { name: 'Sign in', exact: true }).click()
    await second.getByText('Name and password do not belong together.').waitFor()
    await second.getByLabel('Password').fill('correct horse battery')
    await second.getByRole('button', { name: 'Sign in', exact: true }).click()
    await second.waitForURL(`${server.ready.url}/p/default/models`)
    await page.goto(`${server.ready.url}/p/default/settings?tab=sessions`)
    await page.getByRole('button', { name: 'Everybody’s' }).click()
    const row = page.getByRole('row', { name: /invited.*password/ })
    await row.getByRole('button', { name: 'End' }).click()
    await row.waitFor({ state: 'detached' })
    await second.goto(`${server.ready.url}/p/default/alerts`)
    await second.waitForURL(/\/login/)
    await first.goto(`${server.ready.url}/p/default/settings?tab=sessions`)
    await first.getByRole('button', { name: 'Sign out' }).click()
    await first.getByRole('heading', { name: 'Sign in' }).waitFor()
    await Promise.all([first.close(), second.close()])
  }, 30_000)
})
