import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import { searchEverywhere } from '../../kernel/subjects/search-everywhere.fixture.ts'

const person = 'C-1094-zander'
const called = 'Zoë Vogelzander'
const mail = 'zoe.zander@example.org'
/** In all that is said of him, small or large. */
const values = ['zander', 'ZANDER']

/** Where the names of a person stay, and why; the erasure says the same to whoever asks. */
const mayStay: readonly [RegExp, string][] = [
  [/^table event: .*run\.created/, 'an event is sealed in a chain: names that things were made with stay in it'],
]

describeEachDatabase('after an erasure', ({ world }) => {
  test('nothing of the person is left in any table and any file, but where it is said why', async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}`
    const { call, scope } = await world.as('admin', project)
    const ok = async (method: string, path: string, body: unknown, headers?: Record<string, string>) => {
      const answer = await call(method as 'POST', path, body as object, headers)
      if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`)
      return answer.json
    }
    // Rows of a dataset, predictions and labels, one of which comes before its prediction.
    await ok('PUT', `${at}/datasets/people`, { personal: ['email', 'label', 'customer'], subjectColumn: 'customer' })
    await ok('POST', `${at}/datasets/people/versions?format=csv`, `customer,email\n${person},${mail}\nother-1,o@x\n`, {
      'content-type': 'text/csv',
    })
    const predict = async (id: string, customer: string) => {
      const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, 'churn'] })
      const moment = { eventTime: world.time.now, at: world.time.now }
      const model = { release: 'rel_1', model: 'churn', version: 1 }
      const inputs = { customer, email: mail }
      writer.append([
        {
          id,
          project,
          deployment: 'churn',
          ...model,
          ...moment,
          inputs,
          features: {},
          outputs: { score: 1 },
          latencyMicros: 1,
          request: 'r',
        },
      ])
      writer.close()
      await world.settled(project)
    }
    await predict('p0', 'other-1')
    await ok('POST', `${at}/deployments/churn/labels`, { labels: [{ predictionId: 'p1', value: 'zander-value' }] })
    await world.settled(project)
    await predict('p1', person)
    // What people and programs write.
    const mlflow = (path: string, body: unknown) => ok('POST', `/api/2.0/mlflow/${path}`, body)
    const { run } = await mlflow('runs/create', { experiment_id: '0', run_name: `about ${person}`, start_time: 1 })
    const run_id: string = run.info.run_id
    await mlflow('runs/set-tag', { run_id, key: 'mlflow.note.content', value: `**${called}** asked` })
    await mlflow('runs/set-tag', { run_id, key: `for ${person}`, value: 'x' })
    await mlflow('runs/log-parameter', { run_id, key: 'customer', value: person })
    const { id } = await ok('POST', `${at}/reports`, { title: 'Complaints', text: `From ${mail}, again.` })
    await ok('PUT', `${at}/reports/${id}`, { title: 'Complaints', text: 'Nothing.', after: 1 })
    await ok('POST', `${at}/reports/${id}/comments`, { text: `ask ${called.toUpperCase()}` })
    // A trace of the person, one that names him in a span too large for a row, and records of both kinds.
    const { traces } = world.capabilities
    const span = (n: number, inputs: string) => ({
      trace_id: Buffer.alloc(16, n).toString('base64'),
      span_id: Buffer.alloc(8, n).toString('base64'),
      name: 'ask',
      start_time_unix_nano: '1000000',
      end_time_unix_nano: '2000000',
      attributes: [{ key: 'mlflow.spanInputs', value: { string_value: inputs } }],
    })
    const log = (n: number, inputs: string) =>
      traces.logSpans(scope, { experiment: '0', batches: [{ resource: [], spans: [span(n, inputs)] }] })
    await log(1, JSON.stringify({ customer: person, text: 'zander-value' }))
    await log(2, JSON.stringify({ text: 'x'.repeat(70_000), by: `a letter of ${called}` }))
    await log(3, JSON.stringify({ text: 'of somebody else' }))
    await traces.createAssessment(scope, `tr-${'03'.repeat(16)}`, {
      name: 'good',
      kind: 'feedback',
      value: true,
      error: null,
      sourceType: 'HUMAN',
      sourceId: mail,
      spanId: null,
      rationale: `${person} said so`,
      metadata: {},
      overrides: null,
      valid: true,
    })
    const set = await traces.sets.create(scope, { name: 'asked', tags: {}, experiments: [] })
    await traces.sets.upsert(scope, set.row.id, [
      { inputs: { customer: person, text: 'zander-value' } },
      { inputs: { text: 'hello' }, expectations: { answer: `Dear ${called}` } },
      { inputs: { text: 'of somebody else' } },
    ])
    const found = await searchEverywhere(world, 'Vogelzander')
    expect(found.map((one) => one.replace(/^(table \w+|\w+).*$/s, '$1')).sort()).toEqual(
      expect.arrayContaining(['file', 'table evaluation_set_record', 'table run_tag']),
    )

    const body = { subject: person, confirm: person, names: [called, mail], reason: 'Request 11 of a test' }
    await ok('POST', `${at}/subjects/erase`, body)
    await expect
      .poll(async () => (await ok('GET', `${at}/subjects/erasures`, undefined)).erasures[0].state, { timeout: 20_000 })
      .toBe('finished')
    await world.settled(project)
    for (const text of values) {
      const left = await searchEverywhere(world, text)
      expect(
        left.filter((one) => !mayStay.some(([like]) => like.test(one))),
        text,
      ).toEqual([])
    }
    // Everything else is as it was, and versions show what is missing.
    const report = await ok('GET', `${at}/reports/${id}?version=1`, undefined)
    expect(JSON.stringify(report)).toContain('From [redacted], again.')
    const [erasure] = (await ok('GET', `${at}/subjects/erasures`, undefined)).erasures
    expect(erasure.changed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'traces', count: 1, how: 'removed' }),
        expect.objectContaining({ kind: 'evaluation-records', count: 1, how: 'removed' }),
        expect.objectContaining({ where: 'large spans of traces', count: 1, how: 'redacted' }),
        expect.objectContaining({ where: 'tags and notes of runs', how: 'redacted' }),
        expect.objectContaining({ where: 'reports, every version', count: 1, how: 'redacted' }),
        expect.objectContaining({ kind: 'labels', where: 'churn', count: 1 }),
      ]),
    )
    expect(erasure.left).toEqual([expect.objectContaining({ where: 'events', count: 1 })])
    const kept = await traces.sets.records(scope, set.row.id, { limit: 10 })
    expect(kept.records.map(({ inputs }) => JSON.parse(inputs).text).toSorted()).toEqual(['hello', 'of somebody else'])
    await traces.requireTrace(scope, `tr-${'03'.repeat(16)}`)
    await expect(traces.requireTrace(scope, `tr-${'01'.repeat(16)}`)).rejects.toMatchObject({ status: 404 })
  }, 60_000)
})
