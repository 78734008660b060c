import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadavg } from 'node:os'
import { describeMachine } from './machine.ts'
import { show } from './figures.ts'

/** What the design promises, and what this run saw. A run reports a bar; nothing fails on it. */
export interface Bar {
  readonly path: string
  readonly bar: string
  readonly seen: string
  readonly met: boolean
}

/** Collects the tables of one benchmark, prints them and writes them to its `results.md`. */
export function createReport(name: string, title: string) {
  const machine = describeMachine()
  const parts: string[] = []
  const bars: Bar[] = []
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    [head, head.map((_, index) => (index === 0 ? '---' : '--:')), ...rows]
      .map((cells) => `| ${cells.join(' | ')} |`)
      .join('\n')
  return {
    say: (text: string): void => {
      parts.push(text)
      console.log(`\n${text}`)
    },
    table: (heading: string, head: readonly string[], rows: readonly (readonly string[])[]): void => {
      const text = `## ${heading}\n\n${table(head, rows)}`
      parts.push(text)
      console.log(`\n${text}`)
    },
    /** `ratio` must be at least `least`. */
    atLeast: (path: string, ratio: number, least: number, unit = '×'): void => {
      bars.push({ path, bar: `≥ ${show(least)}${unit}`, seen: `${show(ratio)}${unit}`, met: ratio >= least })
    },
    atMost: (path: string, figure: number, most: number, unit: string): void => {
      bars.push({ path, bar: `≤ ${show(most)}${unit}`, seen: `${show(figure)}${unit}`, met: figure <= most })
    },
    write: (): void => {
      const { cores, processor, memoryGb, system, node, date, loadBefore } = machine
      const verdicts = table(
        ['bar', 'asked', 'seen', 'met'],
        bars.map((bar) => [bar.path, bar.bar, bar.seen, bar.met ? 'yes' : '**no**']),
      )
      console.log(`\n${verdicts}`)
      const head = [
        `# ${title}: results`,
        'Written by `npm run bench`; compare the ratios, not the figures of different days.',
        `${date} UTC · ${cores} × ${processor}, ${memoryGb} GB · ${system} · Node ${node} · load average ${show(loadBefore)} before, ${show(loadavg()[0] ?? 0)} after`,
        `## Bars\n\n${verdicts}`,
      ]
      writeFileSync(join(import.meta.dirname, '..', name, 'results.md'), `${[...head, ...parts].join('\n\n')}\n`)
    },
  }
}
