import { expect } from 'vitest'
import { must } from './seed-server.ts'
import type { Seeded, Send } from './traffic.ts'

const api = (path: string) => `/api/v1/projects/default/${path}`

/** What a newer server was told: the older one beside it has to live with its rows and number its events. */
export interface Told {
  readonly events: readonly string[]
  readonly run: string
}

/** Uses everything that servers of before may not know, so that rows and events of it stand in the shared database. */
export async function useNewestFeatures(send: Send, seeded: Seeded): Promise<Told> {
  const ask = (method: string, path: string, body?: unknown) => must(send(method, path, body))
  const started = await ask('POST', api('runs'), { experiment: 'upgraded', params: { depth: '3' } })
  const run: string = started.id
  const line = { at: 1000, stream: 'stdout', text: 'epoch 1' }
  await ask('POST', api(`runs/${run}/console`), { first: 0, lines: [line] })
  await ask('POST', '/api/2.0/mlflow/runs/log-batch', {
    run_id: run,
    metrics: [{ key: 'auc', value: 0.7, timestamp: 1, step: 0 }],
  })
  await ask('POST', api(`runs/${run}/end`), { status: 'FINISHED' })
  const { drafts } = await ask('GET', api(`runs/${run}/drafts`))
  await ask('PUT', api(`runs/${run}/drafts/run`), { digest: drafts[0].digest })
  const idea = await ask('POST', api(`experiments/${started.experimentId}/ideas`), { title: 'More depth' })
  await ask('PATCH', api(`ideas/${idea.id}`), { hypothesis: 'Deeper is better.', state: 'chosen' })
  await ask('POST', api(`ideas/${idea.id}/runs`), { runs: [run] })
  const text = `See trivium://default/run/${run}\n\n${'```'}panel\nkind: number\n${'```'}\n`
  const report = await ask('POST', api('reports'), { title: 'Upgrade', text })
  await ask('POST', api(`reports/${report.id}/comments`), { text: 'Both servers?' })
  await ask('PUT', api(`reports/${report.id}`), { title: 'Upgrade', text: `${text}\nTwice.`, after: 1 })
  await ask('POST', api('run-archive'), { runs: [run, seeded.run], archived: true })
  await ask('POST', api('run-archive'), { runs: [seeded.run], archived: false })
  const { dataset } = await ask('POST', '/api/3.0/mlflow/datasets/create', { name: 'questions' })
  await ask('POST', `/api/3.0/mlflow/datasets/${dataset.dataset_id}/records`, {
    records: JSON.stringify([{ inputs: { question: 'storms?' }, expectations: { answer: 'yes' } }]),
  })
  return {
    run,
    events: [
      'run.archived',
      'run.unarchived',
      'run-note.confirmed',
      'idea.added',
      'idea.changed',
      'report.saved',
      'report.commented',
    ],
  }
}

/** The older server reads what it knows of such rows, and shows the events that it has no words for, sealed. */
export async function expectUnderstood(send: Send, { run, events }: Told): Promise<void> {
  const found = await must(send('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`))
  expect(found.run.data.metrics).toMatchObject([{ key: 'auc', value: 0.7 }])
  await must(send('POST', '/api/2.0/mlflow/runs/search', { experiment_ids: [found.run.info.experiment_id] }))
  await expect
    .poll(async () => {
      const page = await must(send('GET', `${api('events')}?name=${events.join(',')}&limit=100`))
      return new Set((page.events as { name: string; seq: number | null }[]).map((one) => one.name)).size
    })
    .toBe(events.length)
  await must(send('GET', `${api('lineage')}?urn=${encodeURIComponent(`trivium://default/run/${run}`)}`))
  const chain = await must(send('POST', api('events/verify')))
  expect([chain.problems, chain.intact]).toEqual([[], true])
}
