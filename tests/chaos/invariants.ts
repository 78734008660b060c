import { expect } from 'vitest'
import { type RunCounts, runsEnded, verifyRuns } from './pipeline-invariants.ts'
import { must } from './seed-server.ts'
import type { Acknowledged, Seeded, Send } from './traffic.ts'

const api = (path: string) => `/api/v1/projects/default/${path}`

/** Waits until all that was caused is done. */
export async function settled(send: Send): Promise<void> {
  // A busy machine has a queue of steps to work off.
  for (const until = Date.now() + 180_000; Date.now() < until; ) {
    const state = await send('GET', api('watermark'))
    if (state?.settled) return
    // An approval that was asked for when main was killed: nobody decided it, and the server names only the first thing that it waits for.
    if (state?.blockers[0].startsWith('a person has to decide')) {
      const waiting = await must(send('GET', `${api('inbox')}?view=mine`))
      for (const item of waiting.items as { id: string }[])
        await must(send('POST', api(`inbox/${item.id}/decision`), { option: 'approve', reason: 'left by a kill' }))
    }
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  throw new Error(`The server did not settle after the kills: ${JSON.stringify(await send('GET', api('watermark')))}`)
}

/** Finds everything that was acknowledged, once; the sequence has no gap and the chain verifies. */
export async function verify(send: Send, { run }: Seeded, done: Acknowledged): Promise<RunCounts> {
  await runsEnded((...request) => must(send(...request)), done.runs)
  const history = await must(
    send('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss&max_results=25000`),
  )
  const points = (history.metrics as { step: number }[]).map((point) => Number(point.step))
  const steps = new Set(points)
  expect(points).toHaveLength(steps.size)
  expect([...done.metrics].filter((step) => !steps.has(step))).toEqual([])
  expect(done.metrics.size).toBeGreaterThan(0)

  for (const [version, rows] of done.datasetVersions) {
    const found = await must(send('GET', api(`datasets/readings/versions/${version}`)))
    expect(found.version.rows).toBe(rows)
    const { rows: read } = await must(send('GET', api(`datasets/readings/versions/${version}/rows?limit=1000`)))
    expect(read).toHaveLength(rows)
  }

  const [predictions, labels] = await readLog(send)
  expect([...done.predictions].filter((id) => !predictions.has(id))).toEqual([])
  expect([...done.labels].filter((id) => !labels.has(id))).toEqual([])
  expect(done.predictions.size).toBeGreaterThan(0)

  const { rows } = await must(send('GET', api('feature-views/arrivals')))
  expect(rows).toBeGreaterThanOrEqual(done.featureRows.size)
  // A server takes over in a moment what was pushed at another one.
  for (let tries = 0; ; tries += 1) {
    const parity = await must(send('POST', api('feature-views/arrivals/parity'), { sample: 200 }))
    if (parity.different > 0 && tries < 40) await new Promise((resolve) => setTimeout(resolve, 150))
    else {
      expect(parity.different).toBe(0)
      break
    }
  }

  for (const item of done.approvals) expect((await must(send('GET', api(`inbox/${item}`)))).state).toBe('decided')
  const events = await expectNoGaps(send)
  const chain = await must(send('POST', api('events/verify')))
  expect([chain.problems, chain.intact]).toEqual([[], true])
  expect(chain.checkpoint.seq).toBeGreaterThan(0)
  return verifyRuns((...request) => must(send(...request)), done.runs, events)
}

async function readLog(send: Send): Promise<[Set<string>, Set<string>]> {
  const predictions = new Set<string>()
  const labels = new Set<string>()
  let page = ''
  do {
    const part = await must(
      send(
        'GET',
        `${api('deployments/late/predictions')}?limit=1000&from=0&to=${Date.UTC(2002, 0, 1)}&as_of=${Date.UTC(2002, 0, 1)}${page}`,
      ),
    )
    for (const row of part.predictions as { id: string; label: unknown }[]) {
      expect(predictions.has(row.id), `prediction ${row.id} is there twice`).toBe(false)
      predictions.add(row.id)
      if (row.label !== null) labels.add(row.id)
    }
    page = part.nextPageToken === null ? '' : `&page_token=${encodeURIComponent(part.nextPageToken)}`
  } while (page !== '')
  return [predictions, labels]
}

/** Every event is in this project, so the sequence has to be 1, 2, 3, … Returns the names of the events about each subject. */
async function expectNoGaps(send: Send): Promise<Map<string, string[]>> {
  const bySubject = new Map<string, string[]>()
  let cursor = 0
  for (;;) {
    const { events, head } = await must(send('GET', `${api('events')}?after=${cursor}&limit=1000`))
    for (const { seq, name, subject } of events as { seq: number; name: string; subject: string }[]) {
      expect(seq).toBe(cursor + 1)
      cursor = seq
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), name])
    }
    if (events.length < 1000) {
      expect(cursor).toBe(head)
      return bySubject
    }
  }
}
