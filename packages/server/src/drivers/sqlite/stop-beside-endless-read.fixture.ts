import { setTimeout as sleep } from 'node:timers/promises'
import { ReaderThreads } from './reader-threads.ts'

// A process that is told to stop while a read goes on for ever. Its argument is a database.
const threads = new ReaderThreads(process.argv[2] ?? '', { graceMs: 100 })
const module = new URL('../../kernel/db/endless-read.fixture.ts', import.meta.url)
const read = threads.run({ module, name: 'endless', input: {} }).catch(() => {})
await sleep(1000)
await threads.close()
process.stdout.write('closed', () => process.exit())
await read
