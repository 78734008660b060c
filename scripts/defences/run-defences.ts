// npm run defences -- [--only WORD] [--workers N]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeClone, type Outcome, tryWithout, untouched } from './clone.ts'
import { defences } from './index.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, workers: { type: 'string', default: '2' } } })
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'trivium-defences-'))
const word = values.only?.toLowerCase()
const chosen = defences.filter(({ name, file }) => word === undefined || `${name} ${file}`.toLowerCase().includes(word))
// One that fails by itself shows nothing.
const files = new Set(chosen.flatMap(({ tests }) => tests))
const queue = [...chosen]
const outcomes = new Map<Outcome, number>()
let failed = 0

const say = (outcome: Outcome, name: string, detail: string): void => {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  if (outcome !== 'found') failed += 1
  console.log(`${outcome === 'found' ? '✓' : '✗'} ${outcome}: ${name}${detail === '' ? '' : ` (${detail})`}`)
}

async function work(number: number): Promise<void> {
  const clone = makeClone(root, join(folder, String(number)))
  for (const file of [...files].filter((_, index) => index % workers === number)) {
    const broken = await untouched(clone, file)
    if (broken !== '') say('fails untouched', file, broken)
  }
  for (let defence = queue.shift(); defence; defence = queue.shift()) {
    const { outcome, detail } = await tryWithout(clone, defence)
    say(outcome, defence.name, detail === '' ? '' : `${defence.file}: ${detail}`)
  }
}

const workers = Math.max(1, Number(values.workers))
try {
  await Promise.all(Array.from({ length: workers }, (_, number) => work(number)))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log([...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', '))
process.exit(failed > 0 ? 1 : 0)
