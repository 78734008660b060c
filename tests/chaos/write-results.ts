import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunCounts } from './pipeline-invariants.ts'
import type { Acknowledged } from './traffic.ts'
import { type VictimKind, victimKinds } from './victims.ts'

const file = join(import.meta.dirname, 'results.md')
const head = '# Kills: results\n\nWritten by `npm run chaos -- --kills N` when everything held; one section a place.\n'

/** What one run of the kill test did and found. */
export interface Results {
  readonly name: string
  readonly seed: number
  readonly leaseMs: number
  readonly minutes: number
  readonly killed: ReadonlyMap<VictimKind, number>
  readonly done: Acknowledged
  readonly runs: RunCounts
}

/** Puts the section of a place into `results.md`; those of other places stay. */
export function writeResults(place: string, results: Results): void {
  const begin = `<!-- ${place} -->`
  const sections = (existsSync(file) ? readFileSync(file, 'utf8') : '').split(/^(?=<!-- \w+ -->$)/m).slice(1)
  const others = sections.filter((section) => !section.startsWith(begin))
  const all = [...others, `${begin}\n\n${sectionOf(results)}\n`].toSorted()
  writeFileSync(file, `${head}\n${all.map((section) => section.trim()).join('\n\n')}\n`)
}

function sectionOf({ name, seed, leaseMs, minutes, killed, done, runs }: Results): string {
  const table = (title: string, rows: readonly (readonly [string, number])[]): string =>
    [`| ${title} | |`, '| --- | --: |', ...rows.map(([what, count]) => `| ${what} | ${count} |`)].join('\n')
  const kinds = victimKinds.map((kind): [string, number] => [kind, killed.get(kind) ?? 0])
  return [
    `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC · ${minutes.toFixed(1)} minutes · seed ${seed} · leases of ${leaseMs} ms`,
    'No acknowledged write lost, no half-written state, no gap in the sequence, the chain verifies, no process and no folder of a step left.',
    table('killed', [...kinds, ['together', kinds.reduce((sum, [, count]) => sum + count, 0)]]),
    table('acknowledged, and found afterwards', [
      ['metrics', done.metrics.size],
      ['dataset versions', done.datasetVersions.size],
      ['predictions', done.predictions.size],
      ['labels', done.labels.size],
      ['feature rows', done.featureRows.size],
      ['approvals', done.approvals.size],
      ['pipeline runs', done.runs.size],
    ]),
    table('pipeline runs', [
      ['finished', runs.finished],
      ['failed, saying why', runs.failed],
      ['steps from the cache', runs.cached],
      ...[...runs.attempts]
        .toSorted(([, a], [, b]) => b - a)
        .map(([why, n]): [string, number] => [`attempt ${why}`, n]),
    ]),
  ].join('\n\n')
}
