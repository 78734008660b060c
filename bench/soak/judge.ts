import { median, quantile, show } from '../support/figures.ts'
import type { createReport } from '../support/report.ts'
import type { Taken } from './mixed-load.ts'
import type { ProcessSample, Sample } from './sample.ts'
import { slopeOf } from './slope.ts'

/** What a run has seen. */
export interface Seen {
  readonly samples: readonly Sample[]
  readonly taken: readonly Taken[]
  readonly failures: ReadonlyMap<string, number>
  readonly rate: number
  /** The rate was asked for; else it is half of what was measured. */
  readonly given: boolean
  readonly late: number
  readonly minutes: number
  readonly on: string
  readonly growing: boolean
}

const lasting = ['main', 'gateway']
const kinds = [...lasting, 'tables', 'scorer', 'python', 'other']

/** Says whether memory is flat, files and connections are constant, and answers take as long at the end as at the beginning. */
export function judge(report: ReturnType<typeof createReport>, seen: Seen): void {
  const { samples, taken, failures, rate, given, late, minutes, on, growing } = seen
  const warm = Math.min(5, minutes / 4)
  const after = samples.filter(({ at }) => at >= warm)
  const third = (minutes - warm) / 3
  const first = after.filter(({ at }) => at < warm + third)
  const last = after.filter(({ at }) => at >= minutes - third)
  const sumOf = (pick: (one: ProcessSample) => number, which: readonly string[]) => (sample: Sample) =>
    sample.processes.filter(({ kind }) => which.includes(kind)).reduce((sum, one) => sum + pick(one), 0)
  const slope = (figure: (sample: Sample) => number): number =>
    slopeOf(after.map((sample) => ({ at: sample.at, value: figure(sample) })))
  const middle = (some: readonly Sample[], figure: (sample: Sample) => number): number => median(some.map(figure))

  report.say(
    `${on === 'sqlite' ? 'One server on SQLite and its disk' : 'One server on Postgres and S3'}, ${show(rate)} requests a second (${given ? 'as asked' : 'half of what it answered to 16 clients at the start, beside the same slow work'}): predictions at the gateway, labels, MLflow's log-batch and search, what pages read; beside them runs, versions of datasets, feature rows, streams of events that are opened and closed, pipelines with a Python step and an evaluation. A sample every ten seconds; the first ${show(warm)} minutes are warm-up. The first and the last third of the rest are compared. ${growing ? 'Every run is kept, so searches find more and more' : 'A run is deleted when 300 newer ones are there, so a search finds as many at the end as after the warm-up; predictions, points and events grow on'}. Other work on the machine stretches the answers, not the memory: times are valid on a quiet one.`,
  )
  report.table(
    'What the processes hold',
    [
      'process',
      'RSS first',
      'RSS last, MiB',
      'slope, MiB/min',
      'of it no file’s',
      'heap first',
      'heap last, MiB',
      'slope',
      'files first',
      'files last',
      'sockets first',
      'sockets last',
      'of clients first',
      'of clients last',
    ],
    [...kinds.map((kind) => [kind]), kinds].map((which) => {
      const [rss, anonymous, heap, files, sockets, clients] = (
        ['rss', 'anonymous', 'heap', 'files', 'sockets', 'clients'] as const
      ).map((key) => sumOf((one) => one[key], which)) as [Figure, Figure, Figure, Figure, Figure, Figure]
      return [
        which.length > 1 ? 'together' : (which[0] ?? ''),
        ...[
          middle(first, rss),
          middle(last, rss),
          slope(rss),
          slope(anonymous),
          middle(first, heap),
          middle(last, heap),
          slope(heap),
          middle(first, files),
          middle(last, files),
          middle(first, sockets),
          middle(last, sockets),
          middle(first, clients),
          middle(last, clients),
        ].map(show),
      ]
    }),
  )
  const openKinds = new Set(after.flatMap(({ processes }) => processes.flatMap((one) => [...one.openKinds.keys()])))
  report.table(
    'Open files of main and gateway whose number changed',
    ['what', 'first', 'last', 'most'],
    [...openKinds].flatMap((what) => {
      const count = sumOf((one) => one.openKinds.get(what) ?? 0, lasting)
      const [one, two] = [middle(first, count), middle(last, count)]
      return one === two ? [] : [[what, show(one), show(two), show(Math.max(...after.map(count)))]]
    }),
  )
  const connections = (sample: Sample): number => sample.connections
  report.table(
    'Answers, ms',
    ['kind', 'answers', 'p50 first', 'p50 last', 'p99 first', 'p99 last', 'p99 last over first'],
    latencies(taken, warm * 60_000, minutes * 60_000, third * 60_000).map(({ kind, count, first: one, last: two }) => [
      kind,
      show(count),
      ...[one.p50, two.p50, one.p99, two.p99, two.p99 / one.p99].map(show),
    ]),
  )
  report.say(
    `Connections to the database: ${show(middle(first, connections))} at first, ${show(middle(last, connections))} at last. ${late} requests were not sent because 200 were waiting.`,
  )
  if (failures.size > 0)
    report.table(
      'What failed',
      ['what', 'times'],
      [...failures]
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, 20)
        .map(([what, times]) => [what.replaceAll('|', '/').replaceAll('\n', ' '), String(times)]),
    )
  const rss = (which: readonly string[]) => sumOf((one) => one.rss, which)
  const change = (figure: Figure): number => middle(last, figure) - middle(first, figure)
  for (const kind of lasting) report.atMost(`memory of ${kind}, slope`, slope(rss([kind])), 1, ' MiB/min')
  report.atMost('memory of all processes, slope', slope(rss(kinds)), 1, ' MiB/min')
  // A client that has to wait opens another connection, and is itself what decides how many it keeps.
  const own = sumOf((one) => one.files - one.clients, lasting)
  report.atMost('open files of main and gateway without clients’ connections, change', change(own), 5, '')
  report.atMost('connections to the database, change', change(connections), 2, '')
  for (const { kind, first: one, last: two } of latencies(taken, warm * 60_000, minutes * 60_000, third * 60_000))
    report.atMost(`p99 of ${kind}, last third over first`, two.p99 / one.p99, 1.25, '×')
}

type Figure = (sample: Sample) => number

function latencies(taken: readonly Taken[], from: number, to: number, third: number) {
  const figures = (times: readonly number[]) => ({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) })
  return [...new Set(taken.map(({ kind }) => kind))].map((kind) => {
    const own = taken.filter((one) => one.kind === kind && one.at >= from)
    return {
      kind,
      count: own.length,
      first: figures(own.filter(({ at }) => at < from + third).map(({ ms }) => ms)),
      last: figures(own.filter(({ at }) => at >= to - third).map(({ ms }) => ms)),
    }
  })
}
