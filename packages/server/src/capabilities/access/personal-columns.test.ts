import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import { maskEvaluation } from '../evaluation/mask-evaluation.ts'
import { shownDetails } from '../monitoring/shown-details.ts'
import { personalMask } from './index.ts'

/** The value of a personal column, and no name of anything. */
const secret = 'zebrafish'
const start = Date.UTC(2001, 0, 8)

describeEachDatabase('personal columns', ({ world }) => {
  let project: string
  const at = (path: string) => `/api/v1/projects/${project}/${path}`
  /** Reads rows, and nothing personal. */
  const reader = () => world.as('contributor', project)
  const trusted = () => world.as('maintainer', project)
  const add = async (content: string, name = 'customers', mode = 'replace') =>
    (await trusted()).call('POST', at(`datasets/${name}/versions?format=csv&mode=${mode}`), content, {
      'content-type': 'text/csv',
    })
  /** What the reader gets beside what the maintainer gets. */
  const both = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const [shown, whole] = [
      await (await reader()).call(method, at(path), body),
      await (await trusted()).call(method, at(path), body),
    ]
    return { shown, whole, leaks: [whole.text.includes(secret), shown.text.includes(secret)] }
  }

  beforeAll(async () => {
    project = await world.makeProject()
    await add(`id,Email,kind\n1,${secret}@one,${secret}\n2,${secret}@two,b\n3,,b\n`)
    const declared = await (await trusted()).call('PUT', at('datasets/customers'), {
      personal: ['email', 'kind'],
      slices: ['kind'],
      label: 'kind',
      checks: [{ kind: 'values', severity: 'warn', column: 'kind', allowed: ['b'] }],
    })
    if (declared.status !== 200) throw new Error(declared.text)
    await add(`id,Email,kind\n4,${secret}@four,${secret}\n5,${secret}@five,b\n`, 'customers', 'append')
    // Made of it by a step: the declaration is not with it, the columns are.
    await add(`row,email\n1,${secret}\n`, 'derived')
  })

  test('come out as redacted in previews and downloads, whichever dataset they are in', async () => {
    const { shown, leaks } = await both('GET', 'datasets/customers/versions/2/rows')
    expect(leaks).toEqual([true, false])
    expect(shown.json.rows.map((row: unknown[]) => row.slice(1))).toEqual([
      ['redacted', 'redacted'],
      ['redacted', 'redacted'],
      [null, 'redacted'],
      ['redacted', 'redacted'],
      ['redacted', 'redacted'],
    ])
    expect((await both('GET', 'datasets/derived/versions/1/rows')).leaks).toEqual([true, false])
    expect((await both('GET', 'datasets/customers/versions/2/file')).leaks).toEqual([true, false])
    expect((await both('GET', 'datasets/derived/versions/1/file')).leaks).toEqual([true, false])
  })

  test('show no value in profiles, slices, balance and what needs attention', async () => {
    const { shown, leaks } = await both('GET', 'datasets/customers/versions/2')
    expect(leaks).toEqual([true, false])
    const email = shown.json.profile.columns.find((one: any) => one.name === 'Email')
    expect(email).toMatchObject({ count: 2, top: null, min: null })
    expect(shown.json.slices[0].slices.map((one: any) => one.value)).toEqual(['redacted', 'redacted'])
    expect(shown.json.checks[0].message).toContain('redacted')
  })

  test('show no value in statistics and results of checks that were written down before they were declared', async () => {
    await add(`id,nickname\n1,a\n`, 'earlier')
    await (await trusted()).call('PUT', at('datasets/earlier'), {
      slices: ['nickname'],
      label: 'nickname',
      checks: [{ kind: 'values', severity: 'warn', column: 'nickname', allowed: ['a'] }],
    })
    await add(`id,nickname\n1,a\n2,${secret}\n3,${secret}\n`, 'earlier')
    const path = 'datasets/earlier/versions/2'
    expect((await both('GET', path)).leaks).toEqual([true, true])
    await (await trusted()).call('PUT', at('datasets/earlier'), { personal: ['nickname'] })
    const { shown, whole } = await both('GET', path)
    const [open, masked] = [whole.json, shown.json]
    for (const part of ['checks', 'profile', 'slices', 'balance', 'attention'])
      expect(JSON.stringify(masked[part]), part).not.toContain(secret)
    expect(JSON.stringify(open.checks)).toContain(secret)
    expect(masked.checks[0].message).toBe('Not passed; what was found is redacted.')
    expect(masked.profile.columns[1]).toMatchObject({ name: 'nickname', count: 3, top: null, min: null, max: null })
    expect(masked.balance.classes.map((one: any) => one.value)).toEqual(['redacted', 'redacted'])
  })

  test('show no value in what is written for everybody: refusals, events, the dataset itself', async () => {
    await (await trusted()).call('PUT', at('datasets/strict'), { personal: ['kind'] })
    await (await trusted()).call('PUT', at('datasets/strict'), {
      checks: [{ kind: 'values', severity: 'block', column: 'kind', allowed: ['b'] }],
    })
    const refused = await add(`id,kind\n1,${secret}\n`, 'strict')
    expect([refused.status, refused.text.includes(secret)]).toEqual([422, false])
    await world.settled(project)
    for (const path of ['datasets/strict', 'datasets', 'events?limit=500', 'lineage/search?q=strict'])
      expect((await (await trusted()).call('GET', at(path))).text, path).not.toContain(secret)
  })

  test('are declared by whoever writes, and made visible again only by whoever may see them', async () => {
    const declare = async (client: ReturnType<typeof reader>, personal: string[]) =>
      (await (await client).call('PUT', at('datasets/customers'), { personal })).status
    expect(await declare(reader(), ['email', 'kind', 'id'])).toBe(200)
    expect(await declare(reader(), ['email'])).toBe(403)
    expect(await declare(trusted(), ['email', 'kind'])).toBe(200)
    expect((await (await reader()).call('GET', at('datasets/customers'))).json.personal).toEqual(['email', 'kind'])
  })

  test('are redacted in inputs, features and answers of predictions, and in the facts of lineage', async () => {
    const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, 'churn'] })
    writer.append([
      {
        id: 'a',
        project,
        deployment: 'churn',
        release: 'rel_1',
        model: 'churn',
        version: 1,
        eventTime: start,
        at: start,
        inputs: { email: secret, age: 40 },
        features: { kind: secret },
        outputs: { kind: secret, score: 0.5 },
        latencyMicros: 1,
        request: 'req',
      },
    ])
    writer.close()
    await world.settled(project)
    for (const path of [
      'deployments/churn/predictions',
      'deployments/churn/predictions/a',
      `lineage?urn=${encodeURIComponent(`trivium://${project}/prediction/churn:a`)}`,
    ])
      expect((await both('GET', path)).leaks, path).toEqual([true, false])
    const { shown } = await both('GET', 'deployments/churn/predictions/a')
    expect(shown.json).toMatchObject({
      inputs: { email: 'redacted', age: 40 },
      features: { kind: 'redacted' },
      outputs: { kind: 'redacted', score: 0.5 },
    })
  })

  test('hide features that are made of them, and keys that are them', async () => {
    const define = (personal: string[]) => ({
      keys: ['customer'],
      columns: { income: 'number', visits: 'number' },
      window: '3h',
      features: { mean_income: 'avg(income)', visits: 'sum(visits)' },
      personal,
    })
    const client = await trusted()
    const put = async (of: Awaited<ReturnType<typeof reader>>, personal: string[]) =>
      (await of.call('PUT', at('feature-views/spend'), define(personal))).status
    expect(await put(client, ['income', 'customer'])).toBe(200)
    expect(await put(await reader(), [])).toBe(403)
    await client.call('POST', at('feature-views/spend/rows'), {
      rows: [{ id: 'r', key: { customer: secret }, eventTime: start, values: { income: 4711, visits: 2 } }],
    })
    const asked = { keys: [{ customer: secret }], asOf: start + 1 }
    const { shown, whole } = await both('POST', 'feature-views/spend/lookup', asked)
    expect(shown.json.rows).toEqual([{ mean_income: 'redacted', visits: 2 }])
    expect(whole.json.rows).toEqual([{ mean_income: 4711, visits: 2 }])
    expect((await both('POST', 'feature-views/spend/parity', {})).shown.text).not.toContain(secret)
  })

  test('keep files of steps from whoever may not see them', async () => {
    const path = 'pipeline-runs/prn_none/steps/s/outputs/o'
    const { shown, whole } = await both('GET', path)
    expect([shown.status, shown.json.detail]).toEqual([403, expect.stringContaining('data:read-personal')])
    expect(whole.status).toBe(404)
  })

  describe('in what is measured', () => {
    test('slices and examples of monitors and evaluations do not say which value', async () => {
      const mask = await personalMask(world.kernel.db.read, project)
      const { scope } = await reader()
      const slice = { by: 'kind', value: secret }
      const details = shownDetails(scope, mask, {
        quality: [slice],
        outputs: [slice],
        violations: [
          { feature: 'email', allowed: secret, examples: [secret] },
          { feature: 'age', allowed: '1 to 9', examples: ['77'] },
        ],
      } as never)
      expect(JSON.stringify(details)).not.toContain(secret)
      expect(details?.violations?.[1]?.examples).toEqual(['77'])
      const evaluation = maskEvaluation(mask, {
        slices: [{ column: 'kind', slices: [{ value: secret }], otherRows: 0 }],
        trainingPredictions: { slices: [{ column: 'input.kind', value: secret }] },
      } as never)
      expect(JSON.stringify(evaluation)).not.toContain(secret)
    })
  })
})
