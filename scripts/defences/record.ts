import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Defence } from './defence.ts'

/** One line of the record: the defence as it stood, when it was taken out, and the test that failed by what it asserts. */
interface Seen {
  readonly digest: string
  readonly date: string
  readonly test: string
}

const recordFile = join(import.meta.dirname, 'results.md')

const head = `# Defences: results

Written by \`npm run defences\`: each named defence was taken out of a clone, alone, and the test beside it failed by what it
asserts. \`--remaining\` takes those that are not here, or have changed since, or have dashes: these an earlier runner saw fail, which
kept no names and did not tell a time-out from an assertion.

| defence | as | on | the test that failed |
| --- | --- | --- | --- |
`

/** Names what is cut from which file and what stands there instead; another patch has to be seen anew. */
export function digestOf({ file, cut, put }: Defence): string {
  return createHash('sha256')
    .update(JSON.stringify([file, cut, put]))
    .digest('hex')
    .slice(0, 8)
}

/** What was seen so far, by the name of the defence. */
export function readRecord(file = recordFile): Map<string, Seen> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return new Map(
    lines.flatMap((line) => {
      const [, name, digest, date, test] = /^\| (.*) \| ([0-9a-f-]{8}) \| (\S+) \| (.*) \|$/.exec(line) ?? []
      return name && digest && date && test ? [[name, { digest, date, test }] as const] : []
    }),
  )
}

/** Writes what was seen, in the order of the list; defences that are gone leave it. */
export function writeRecord(defences: readonly Defence[], seen: ReadonlyMap<string, Seen>, file = recordFile): void {
  const lines = defences.flatMap(({ name }) => {
    const one = seen.get(name)
    return one ? [`| ${name} | ${one.digest} | ${one.date} | ${one.test.replaceAll('\n', ' ')} |\n`] : []
  })
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, head + lines.join(''))
  renameSync(fresh, file)
}

/** Whether it was seen as it stands now. */
export function isSeen(seen: ReadonlyMap<string, Seen>, defence: Defence): boolean {
  return seen.get(defence.name)?.digest === digestOf(defence)
}
