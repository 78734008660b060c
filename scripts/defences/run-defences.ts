// npm run defences -- [--only WORD] [--remaining] [--workers N]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeClone } from './clone.ts'
import { defences } from './index.ts'
import { digestOf, isSeen, readRecord, writeRecord } from './record.ts'
import { endTests } from './run-tests.ts'
import { tryWithout } from './try-without.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [''] },
    remaining: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
  },
})
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'trivium-defences-'))
const words = values.only.map((word) => word.toLowerCase())
const queue = defences.filter((defence) => {
  const text = `${defence.name} ${defence.file}`.toLowerCase()
  return words.some((word) => text.includes(word)) && !(values.remaining && isSeen(readRecord(), defence))
})
const outcomes = new Map<string, number>()
const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)

async function work(number: number): Promise<void> {
  const clone = makeClone(root, join(folder, String(number)))
  for (let defence = queue.shift(); defence; defence = queue.shift()) {
    const tried = await tryWithout(clone, defence)
    count(tried.outcome)
    // Read anew: another worker, or another run, may have written meanwhile.
    const seen = readRecord()
    if (tried.test !== undefined)
      seen.set(defence.name, {
        digest: digestOf(defence),
        date: new Date().toISOString().slice(0, 10),
        test: tried.test.test,
      })
    else if (tried.outcome === 'survived') seen.delete(defence.name)
    writeRecord(defences, seen)
    console.log(
      `${tried.outcome === 'found' ? '✓' : '✗'} ${tried.outcome}: ${defence.name} (${tried.test?.test ?? `${defence.file}: ${tried.detail}`})`,
    )
  }
}

const workers = Math.max(1, Number(values.workers))
const clean = (): void => rmSync(folder, { recursive: true, force: true })
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    endTests()
    clean()
    process.exit(130)
  })
try {
  await Promise.all(Array.from({ length: workers }, (_, number) => work(number)))
} finally {
  clean()
}
const unseen = defences.filter((defence) => !isSeen(readRecord(), defence))
console.log([...outcomes].map(([outcome, number]) => `${number} ${outcome}`).join(', ') || 'nothing to try')
console.log(`${defences.length - unseen.length} of ${defences.length} defences were seen to fail a test without them`)
process.exit([...outcomes.keys()].some((outcome) => outcome !== 'found') ? 1 : 0)
