import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createDisplay } from './display.ts'
import { openFeed } from './feed.ts'
import { startServerProcess } from './server-process.ts'
import { readAdminToken, runStory, writeSummary } from './story.ts'

const help = `Runs the life of a model on real flights.

  npm run demo -- [options]

  --yes            approve as demo-approver instead of waiting for you
  --weeks N        weeks of live traffic that are replayed (default 13)
  --speed X        days of event time a second at most (default: as fast as it goes)
  --keep           keep the server running when the story has ended (default on a terminal)
  --summary FILE   write what happened as JSON
  --data DIR       data directory; emptied first (default .trivium/demo)
  --port N         port of the server (default 4000)
  --batch-every H  hours of which one is asked about in a single request; 1 is all of them (default 2)
  --permute SEED   deal the departure dates out anew among the rows: a world without change
`

const { values } = parseArgs({
  options: {
    yes: { type: 'boolean', default: false },
    weeks: { type: 'string', default: '13' },
    speed: { type: 'string' },
    keep: { type: 'boolean', default: process.stdin.isTTY === true },
    summary: { type: 'string' },
    data: { type: 'string', default: join(import.meta.dirname, '../../.trivium/demo') },
    port: { type: 'string', default: '4000' },
    'batch-every': { type: 'string' },
    permute: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}

const display = createDisplay(process.stdout)
const stopping = new AbortController()
const scratch = mkdtempSync(join(tmpdir(), 'flight-delays-'))
// The demo begins with an empty directory each time; nothing of the user's own lies there.
rmSync(values.data, { recursive: true, force: true })

display.heading('Starting the server')
const python = join(import.meta.dirname, '../../.venv/bin/python')
const lock = join(import.meta.dirname, '../../python/requirements.txt')
const server = await startServerProcess({ data: values.data, port: Number(values.port), prebuilt: { lock, python } })
display.event(null, `Open the UI once with this link, good for five minutes:\n\n          ${server.loginUrl}\n`)

const interrupted = (): void => {
  stopping.abort(new Error('interrupted'))
}
process.once('SIGINT', interrupted)
process.once('SIGTERM', interrupted)

let code = 0
try {
  const feed = await openFeed({
    directory: scratch,
    ...(values.permute === undefined ? {} : { permute: Number(values.permute) }),
  })
  const weeks = Math.min(Number(values.weeks), feed.weeks - 5)
  const summary = await runStory({
    server: { url: server.url, inferenceUrl: server.inferenceUrl, adminToken: readAdminToken(values.data) },
    feed,
    display,
    yes: values.yes,
    weeks,
    signal: stopping.signal,
    ...(values['batch-every'] === undefined ? {} : { batchEveryHours: Number(values['batch-every']) }),
    ...(values.speed === undefined ? {} : { speed: Number(values.speed) }),
  })
  feed.close()
  if (values.summary !== undefined) writeSummary(values.summary, summary)
  if (values.keep) {
    display.event(null, 'The server keeps running. Ctrl-C ends it; `npm run demo` starts anew.')
    await Promise.race([server.ended, new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))])
  }
} catch (error) {
  if (!stopping.signal.aborted) {
    display.done()
    process.stderr.write(`\n${(error as Error).stack ?? String(error)}\n`)
    code = 1
  }
} finally {
  display.done()
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
}
process.exit(code)
