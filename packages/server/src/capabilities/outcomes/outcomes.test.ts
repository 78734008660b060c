import type { PredictionRecord } from '../../kernel/ports/index.ts'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2001, 0, 8)

describeEachDatabase('outcomes', ({ world }) => {
  const record = (
    project: string,
    id: string,
    eventTime: number,
    more: Partial<PredictionRecord> = {},
  ): PredictionRecord => ({
    id,
    project,
    deployment: 'arrivals',
    release: 'rel_1',
    model: 'arrival-delay',
    version: 1,
    eventTime,
    at: eventTime + 5,
    inputs: { origin: 'ORD', distance: 599 },
    features: { recent_late: 0.25 },
    outputs: { probability: 0.31 },
    latencyMicros: 900,
    request: `req_${id}`,
    ...more,
  })
  const append = (project: string, records: readonly PredictionRecord[], deployment = 'arrivals') => {
    const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, deployment] })
    writer.append(records)
    writer.close()
  }
  const call = async (
    project: string,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) =>
    (await world.as('contributor', project)).call(
      method,
      `/api/v1/projects/${project}/deployments/arrivals/${path}`,
      body,
      headers,
    )
  const label = (project: string, labels: unknown[]) => call(project, 'POST', 'labels', { labels })
  const ids = (answer: { json: { predictions: { id: string }[] } }) => answer.json.predictions.map(({ id }) => id)

  test('records that were appended become rows, newest first, with pages, filters and one event a batch', async () => {
    const project = await world.makeProject()
    append(project, [
      record(project, 'a', start),
      record(project, 'b', start + hour),
      record(project, 'c', start + 2 * hour, { version: 2, release: 'rel_2' }),
    ])
    await world.settled(project)
    const first = await call(project, 'GET', 'predictions?limit=2')
    expect(ids(first)).toEqual(['c', 'b'])
    expect(first.json.predictions[1]).toMatchObject({
      urn: `trivium://${project}/prediction/arrivals:b`,
      release: 'rel_1',
      version: 1,
      eventTime: start + hour,
      outputs: { probability: 0.31 },
      label: null,
    })
    expect(ids(await call(project, 'GET', `predictions?limit=2&page_token=${first.json.nextPageToken}`))).toEqual(['a'])
    expect(ids(await call(project, 'GET', 'predictions?version=2'))).toEqual(['c'])
    expect(ids(await call(project, 'GET', `predictions?from=${start}&to=${start + hour}`))).toEqual(['a'])
    expect(ids(await call(project, 'GET', 'predictions?id=b'))).toEqual(['b'])
    const events = await (await world.as('viewer', project)).call(
      'GET',
      `/api/v1/projects/${project}/events?name=predictions.committed`,
    )
    expect(events.json.events).toHaveLength(1)
    expect(events.json.events[0]).toMatchObject({
      subject: `trivium://${project}/deployment/arrivals`,
      data: { rows: 3, minTime: start },
    })
  })

  test('one prediction has everything that went in and came out; a repeated id counts once, the first answer', async () => {
    const project = await world.makeProject()
    append(project, [
      record(project, 'a', start),
      record(project, 'a', start + 1000, { outputs: { probability: 0.9 }, at: start + 9000 }),
      record(project, 'b', start),
    ])
    await world.settled(project)
    const one = await call(project, 'GET', 'predictions/a')
    expect(one.json).toMatchObject({
      inputs: { origin: 'ORD', distance: 599 },
      features: { recent_late: 0.25 },
      outputs: { probability: 0.31 },
      copies: 2,
      request: 'req_a',
      latencyMicros: 900,
      modelUrn: `trivium://${project}/model/arrival-delay@1`,
      labels: [],
    })
    expect(ids(await call(project, 'GET', 'predictions'))).toEqual(['b', 'a'])
    const traffic = await call(project, 'GET', 'prediction-traffic?by=hour')
    expect(traffic.json.buckets).toEqual([expect.objectContaining({ at: start, version: 1, predictions: 2 })])
    const none = await call(project, 'GET', 'predictions/nobody')
    expect([none.status, none.json.code]).toEqual([404, 'OUTCOMES.PREDICTION_NOT_FOUND'])
  })

  test('without data:read-rows a prediction shows which release answered when, and no value by any path', async () => {
    const project = await world.makeProject()
    const told = { inputs: { origin: 'zebrafish' }, outputs: { kind: 'zebrafish' }, features: { recent: 'zebrafish' } }
    append(project, [record(project, 'a', start, told)])
    await label(project, [{ predictionId: 'a', value: 'zebrafish', eventTime: start + hour }])
    await world.settled(project)
    const viewer = await world.as('viewer', project)
    const reader = await world.as('contributor', project)
    const prediction = encodeURIComponent(`trivium://${project}/prediction/arrivals:a`)
    const at = (path: string) => `/api/v1/projects/${project}/${path}`
    for (const path of [
      'deployments/arrivals/predictions',
      'deployments/arrivals/predictions/a',
      `lineage?urn=${prediction}`,
    ]) {
      const url = at(`${path}${path.includes('?') ? '&' : '?'}as_of=${start + day}`).replace(
        /(lineage.*)&as_of=\d+/,
        '$1',
      )
      expect((await reader.call('GET', url)).text, path).toContain('zebrafish')
      const shown = await viewer.call('GET', url)
      expect([shown.status, shown.text.includes('zebrafish')], path).toEqual([200, false])
    }
    const { predictions } = (await viewer.call('GET', at('deployments/arrivals/predictions'))).json
    expect(predictions[0]).toMatchObject({ id: 'a', release: 'rel_1', version: 1, eventTime: start, withheld: true })
  })

  test('later batches may bring columns, leave some out and change a type', async () => {
    const project = await world.makeProject()
    append(project, [record(project, 'a', start)])
    await world.settled(project)
    append(project, [record(project, 'b', start + 1, { inputs: { origin: 'SFO', gate: 12 }, features: {} })])
    await world.settled(project)
    append(project, [record(project, 'c', start + 2, { inputs: { origin: null, gate: 'B12' } as never })])
    await world.settled(project)
    expect((await call(project, 'GET', 'predictions/a')).json.inputs).toEqual({ origin: 'ORD', distance: 599 })
    expect((await call(project, 'GET', 'predictions/b')).json.inputs).toEqual({ origin: 'SFO', gate: '12.0' })
    expect((await call(project, 'GET', 'predictions/c')).json.inputs).toEqual({ gate: 'B12' })
    expect(ids(await call(project, 'GET', 'predictions'))).toEqual(['c', 'b', 'a'])
  })

  test('labels come before their prediction, late, twice and corrected; each moment sees what was known by then', async () => {
    const project = await world.makeProject()
    append(project, [record(project, 'other', start)])
    expect((await label(project, [{ predictionId: 'a', value: true, eventTime: start + 3 * hour }])).json).toEqual({
      accepted: 1,
    })
    append(project, [record(project, 'a', start + hour)])
    await label(project, [
      { predictionId: 'a', value: true, eventTime: start + 4 * hour },
      { predictionId: 'a', value: false, eventTime: start + day, correction: true },
    ])
    await world.settled(project)
    const at = async (asOf: number) => (await call(project, 'GET', `predictions/a?as_of=${asOf}`)).json
    expect((await at(start + 2 * hour)).label).toBeNull()
    expect((await at(start + 5 * hour)).label).toEqual({ value: true, eventTime: start + 3 * hour })
    expect((await at(start + 2 * day)).label).toEqual({ value: false, eventTime: start + day })
    expect((await at(start + 2 * day)).labels).toEqual([
      expect.objectContaining({ value: true, eventTime: start + 3 * hour, correction: false, current: false }),
      expect.objectContaining({ value: false, eventTime: start + day, correction: true, current: true }),
    ])
    expect(ids(await call(project, 'GET', `predictions?labelled=true&as_of=${start + 2 * hour}`))).toEqual([])
    expect(ids(await call(project, 'GET', 'predictions?labelled=true'))).toEqual(['a'])
    expect(ids(await call(project, 'GET', 'predictions?labelled=false'))).toEqual(['other'])
  })

  test('completeness says for each day how many labels have come and how long they take', async () => {
    const project = await world.makeProject()
    append(
      project,
      Array.from({ length: 20 }, (_, i) => record(project, `p${i}`, start + Math.floor(i / 10) * day + i)),
    )
    await label(
      project,
      Array.from({ length: 13 }, (_, i) => ({
        predictionId: `p${i}`,
        value: i % 2,
        eventTime: start + Math.floor(i / 10) * day + i + 2 * hour,
      })),
    )
    await label(project, [
      { predictionId: 'p0', value: 0, eventTime: start + 9 * day },
      { predictionId: 'orphan', value: 1, eventTime: start },
    ])
    await world.settled(project)
    const answer = (await call(project, 'GET', 'label-completeness')).json
    expect(answer.days).toEqual([
      { at: start, predicted: 10, labelled: 10, share: 1, mean: 0.5 },
      { at: start + day, predicted: 10, labelled: 3, share: 0.3, mean: 1 / 3 },
    ])
    expect(answer).toMatchObject({ predicted: 20, labelled: 13, delay: { medianMs: 2 * hour } })
    const early = (await call(project, 'GET', `label-completeness?as_of=${start + 2 * hour + 4}`)).json
    expect(early.labelled).toBe(5)
  })

  test('labels come in files of CSV, JSON lines and Parquet; what cannot be read is named and nothing of it counts', async () => {
    const project = await world.makeProject()
    append(project, [record(project, 'a', start), record(project, 'b', start), record(project, 'c', start)])
    await world.settled(project)
    const file = (format: string, body: string | Uint8Array) =>
      call(project, 'POST', `labels/file?format=${format}`, body, { 'content-type': 'application/octet-stream' })
    const csv = 'prediction_id,value,event_time\na,true,2001-01-08 04:00:00\nb,false,2001-01-08 05:00:00\n'
    expect((await file('csv', csv)).json).toEqual({ accepted: 2 })
    expect(
      (await file('ndjson', `{"predictionId":"c","value":"diverted","eventTime":${start + hour}}\n`)).json,
    ).toEqual({ accepted: 1 })
    const path = `${world.kernel.paths.tmp}/labels.parquet`
    await world.kernel.tables.write({
      sql: `select 'b' as prediction_id, true as value, make_timestamp(${(start + day) * 1000}) as event_time`,
      relations: {},
      trusted: true,
      output: { path, format: 'parquet' },
    })
    const { readFileSync } = await import('node:fs')
    expect((await file('parquet', readFileSync(path))).json).toEqual({ accepted: 1 })
    await world.settled(project)
    const labels = Object.fromEntries(
      (await call(project, 'GET', 'predictions')).json.predictions.map((p: { id: string; label: unknown }) => [
        p.id,
        p.label,
      ]),
    )
    expect(labels).toEqual({
      a: { value: true, eventTime: start + 4 * hour },
      b: { value: true, eventTime: start + day },
      c: { value: 'diverted', eventTime: start + hour },
    })
    expect((await file('csv', 'id,outcome\na,1\n')).json.detail).toBe(
      'The file of labels lacks column "value". It has: id, outcome.',
    )
    const holes = await file('csv', 'prediction_id,value\na,1\nb,\n')
    expect([holes.status, holes.json.code]).toEqual([422, 'OUTCOMES.FILE_EMPTY_CELLS'])
    expect((await file('ndjson', '{"prediction_id":"","value":1}\n')).json.code).toBe('OUTCOMES.FILE_EMPTY_CELLS')
    expect((await file('csv', 'prediction_id,value,event_time\na,1,noon\n')).json.code).toBe('OUTCOMES.FILE_BAD_TIME')
    expect((await label(project, [{ predictionId: 'a', value: '' }])).json.code).toBe('OUTCOMES.BAD_VALUE')
  })

  test('many small batches are joined into one file without changing a row', async () => {
    const project = await world.makeProject()
    for (let i = 0; i < 26; i += 1) {
      append(project, [record(project, `p${i}`, start + i, i % 2 ? { inputs: { origin: 'X' } } : {})])
      await world.capabilities.outcomes.commit(project, 'arrivals')
    }
    await world.settled(project)
    expect((await call(project, 'GET', 'prediction-traffic')).json).toMatchObject({
      predictions: 26,
      newest: start + 25,
    })
    expect(ids(await call(project, 'GET', 'predictions?limit=30'))).toEqual(
      Array.from({ length: 26 }, (_, i) => `p${25 - i}`),
    )
  })

  test('a prediction of another project is found neither by list, nor by id, nor by lineage', async () => {
    const mine = await world.makeProject()
    const theirs = await world.makeProject()
    append(theirs, [record(theirs, 'secret', start)])
    append(mine, [record(mine, 'a', start)])
    await world.settled(theirs)
    await world.settled(mine)
    const viewer = await world.as('contributor', mine)
    expect((await viewer.call('GET', `/api/v1/projects/${theirs}/deployments/arrivals/predictions`)).status).toBe(404)
    expect((await call(mine, 'GET', 'predictions/secret')).status).toBe(404)
    const urn = (project: string, id: string) => encodeURIComponent(`trivium://${project}/prediction/arrivals:${id}`)
    expect((await viewer.call('GET', `/api/v1/projects/${mine}/lineage?urn=${urn(theirs, 'secret')}`)).status).toBe(404)
    const graph = (await viewer.call('GET', `/api/v1/projects/${mine}/lineage?urn=${urn(mine, 'a')}`)).json
    expect(graph.focus).toMatchObject({ kind: 'prediction', fact: 'probability 0.31; no label yet' })
    expect(graph.edges).toEqual([
      { from: `trivium://${mine}/release/rel_1`, to: `trivium://${mine}/prediction/arrivals:a`, as: 'answered' },
    ])
  })
})
