import { describeEachDatabase } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { exportPage } from './export-page.ts'
import { findMentions } from './mentions.ts'

const fence = '```'

describeEachDatabase('reports', ({ world, dialect }) => {
  /** Four runs with metrics and parameters, in an experiment of their own. */
  async function withRuns() {
    const { tracking } = world.capabilities
    const project = await world.makeProject()
    const { scope, call } = await world.as('contributor', project)
    const { id: experiment } = await tracking.createExperiment(scope, { name: 'arrival-delay', tags: [] })
    const runs: string[] = []
    for (const [at, kind] of ['forest', 'forest', 'svm', '<b>x</b>'].entries()) {
      const run = await tracking.createRun(scope, {
        experiment,
        name: `run-${at}${at === 3 ? '<script>alert(1)</script>' : ''}`,
        user: '',
        startTime: 1000 + at,
        tags: [],
      })
      await tracking.logBatch(scope, run.id, {
        metrics: [0, 1, 2].map((step) => ({ key: 'auc', value: 0.5 + at / 10 + step / 100, step, timestamp: step })),
        params: [{ key: 'kind', value: kind }],
        tags: [],
      })
      runs.push(run.id)
    }
    return { project, scope, call, experiment, runs, reports: world.capabilities.reports }
  }

  test('every save is a version, an older one comes back as a new one, and of two savers the second is told', async () => {
    const { scope, reports, project } = await withRuns()
    const { scope: other } = await world.as('maintainer', project)
    const { id } = await reports.create(scope, { title: ' Delays ', text: 'one' })
    await reports.save(scope, id, { title: 'Delays', text: 'two', after: 1 })
    const late = reports.save(other, id, { title: 'Delays', text: 'mine', after: 1 })
    await expect(late).rejects.toMatchObject({ status: 409, code: 'REPORTS.CHANGED' })
    expect(await reports.read(other, id, 1)).toMatchObject({ title: 'Delays', text: 'one', shown: 1, version: 2 })
    expect(await reports.restore(other, id, 1)).toMatchObject({ text: 'one', shown: 3, version: 3 })
    const { versions, nextPageToken } = await reports.versions(scope, id, { limit: 2 })
    expect(versions.map((one) => [one.version, one.restored, one.length])).toEqual([
      [3, 1, 3],
      [2, null, 3],
    ])
    const rest = await reports.versions(scope, id, { limit: 2, token: nextPageToken ?? '' })
    expect(rest.versions.map((one) => one.version)).toEqual([1])
    await expect(reports.read(scope, id, 9)).rejects.toMatchObject({ status: 404 })
    await reports.remove(scope, id)
    await expect(reports.versions(scope, id, { limit: 2 })).rejects.toMatchObject({ code: 'REPORTS.NOT_FOUND' })
  })

  test('reports are found by what their newest version names, in pages, and only in their project', async () => {
    const { scope, reports, project, runs } = await withRuns()
    const urn = `trivium://${project}/run/${runs[0]}`
    const { id } = await reports.create(scope, {
      title: 'A',
      text: `See ${urn} and [v2](/p/${project}/models/late/versions/2).`,
    })
    const second = await reports.create(scope, {
      title: 'B',
      text: `[it](https://x.example/p/${project}/runs/${runs[0]}?tab=x)`,
    })
    const naming = async (mentions?: string, limit = 10) =>
      (await reports.list(scope, { limit, ...(mentions === undefined ? {} : { mentions }) })).reports.map(
        (one) => one.id,
      )
    expect((await naming(urn)).toSorted()).toEqual([id, second.id].toSorted())
    expect(await naming(`trivium://${project}/model/late`)).toEqual([id])
    expect(await naming(`trivium://${project}/model/late@2`)).toEqual([id])
    expect(await naming(`trivium://${project}/model/late@1`)).toEqual([])
    await reports.save(scope, id, { title: 'A', text: 'nothing more', after: 1 })
    expect(await naming(urn)).toEqual([second.id])
    const first = await reports.list(scope, { limit: 1 })
    const next = await reports.list(scope, { limit: 1, token: first.nextPageToken ?? '' })
    expect([...first.reports, ...next.reports].map((one) => one.id).toSorted()).toEqual([id, second.id].toSorted())
    const { scope: stranger } = await world.as('admin', await world.makeProject())
    expect((await reports.list(stranger, { limit: 5, mentions: urn })).reports).toEqual([])
    await expect(reports.read(stranger, id)).rejects.toMatchObject({ status: 404 })
  })

  test('comments are said, resolved and opened again; a viewer reads them and says nothing', async () => {
    const { scope, reports, project, call } = await withRuns()
    const viewer = await world.as('viewer', project)
    const base = `/api/v1/projects/${project}/reports`
    const { id } = await reports.create(scope, { title: 'A', text: '' })
    const said = await call('POST', `/api/v1/projects/${project}/reports/${id}/comments`, { text: 'Why so late?' })
    expect(said.status).toBe(201)
    const comment = await reports.comments(viewer.scope, id)
    expect(comment).toMatchObject([{ text: 'Why so late?', version: 1, mine: false, resolvedAt: null }])
    expect((await reports.list(scope, { limit: 1 })).reports[0]?.openComments).toBe(1)
    const which = { report: id, comment: comment[0]?.id ?? '' }
    expect(await reports.resolveComment(scope, { ...which, resolved: true })).toMatchObject({
      resolvedByName: expect.any(String),
    })
    expect((await reports.list(scope, { limit: 1 })).reports[0]?.openComments).toBe(0)
    expect(await reports.resolveComment(scope, { ...which, resolved: false })).toMatchObject({ resolvedAt: null })
    const refused = await viewer.call('POST', `${base}/${id}/comments`, { text: 'no' })
    expect(refused.status).toBe(403)
    expect((await viewer.call('GET', `${base}/${id}`)).status).toBe(200)
    for (const [method, path, body] of [
      ['POST', '', { title: 'x', text: '' }],
      ['PUT', `/${id}`, { title: 'x', text: '', after: 1 }],
      ['POST', `/${id}/restore`, { version: 1 }],
      ['DELETE', `/${id}`, undefined],
      ['PUT', `/${id}/comments/${which.comment}`, { resolved: true }],
    ] as const)
      expect([method, path, (await viewer.call(method, `${base}${path}`, body)).status]).toEqual([method, path, 403])
    const stranger = await world.as('admin', await world.makeProject())
    const there = `/api/v1/projects/${stranger.scope.project}/reports`
    for (const [method, path, body] of [
      ['GET', `/${id}`, undefined],
      ['PUT', `/${id}`, { title: 'x', text: '', after: 1 }],
      ['POST', `/${id}/restore`, { version: 1 }],
      ['GET', `/${id}/versions`, undefined],
      ['GET', `/${id}/comments`, undefined],
      ['POST', `/${id}/comments`, { text: 'x' }],
      ['PUT', `/${id}/comments/${which.comment}`, { resolved: true }],
      ['GET', `/${id}/html`, undefined],
      ['DELETE', `/${id}`, undefined],
    ] as const)
      expect([method, path, (await stranger.call(method, `${there}${path}`, body)).status]).toEqual([method, path, 404])
    expect((await viewer.call('GET', base)).json).toMatchObject({ reports: [{ id }] })
  })

  test('panels read the runs that they name as they are now; a wrong one says what is wrong', async () => {
    const { scope, reports, project, call, experiment } = await withRuns()
    // Over HTTP, where the answer is written by its schema; what is refused is asked of the capability.
    const panel = async (text: string) =>
      (await call('GET', `/api/v1/projects/${project}/report-panel?panel=${encodeURIComponent(text)}`)).json
    const refused = (text: string) => reports.panel(scope, text)
    expect(
      await panel('kind: table\nexperiment: arrival-delay\ncolumns: metrics.auc\nsort: -metrics.auc\nlimit: 2'),
    ).toMatchObject({
      total: 4,
      rows: [{ values: [expect.closeTo(0.82)] }, { name: 'run-2', values: [expect.closeTo(0.72)] }],
    })
    expect(await panel("kind: number\nstatistic: mean\nmetrics: auc\nfilter: params.kind = 'forest'")).toMatchObject({
      value: expect.closeTo(0.57),
      // the mean of two values 0.52 and 0.62: t(0.975, 1) * sd / sqrt(2)
      low: expect.closeTo(0.57 - 12.706205 * 0.05),
      n: 2,
    })
    expect(await panel('kind: number\nstatistic: max\nmetrics: auc')).toMatchObject({ value: expect.closeTo(0.82) })
    const curves = await panel('kind: curves\nexperiment: arrival-delay\nmetrics: auc, none\nlimit: 3')
    expect(curves).toMatchObject({
      charts: [
        {
          series: [
            {
              points: [0, 1, 2].map((step) => ({ step, value: expect.any(Number) })),
            },
            {},
            {},
          ],
        },
        { series: [] },
      ],
    })
    expect(await panel('kind: scatter\nx: params.kind\ny: metrics.auc')).toMatchObject({
      total: 4,
      points: { length: 4 },
    })
    expect(await panel('kind: parallel\ncolumns: params.kind, metrics.auc')).toMatchObject({ lines: { length: 4 } })
    // A thread of its own grows the forest; once is enough.
    if (dialect === 'sqlite')
      expect(await panel(`kind: importance\nexperiment: ${experiment}\nmetrics: auc`)).toMatchObject({
        explained: null,
        reason: expect.any(String),
      })
    expect(await panel('kind: notes\nexperiment: arrival-delay')).toMatchObject({ notes: [], total: 0 })
    const view = {
      name: 'best',
      experiment,
      filter: "params.kind = 'svm'",
      sort: '-metrics.auc',
      columns: ['params.kind'],
      group: [],
    }
    await world.capabilities.tracking.saveRunView(scope, { ...view, shared: false })
    await expect(refused('kind: table\nview: best')).rejects.toMatchObject({ code: 'REPORTS.BAD_PANEL' })
    await world.capabilities.tracking.saveRunView(scope, { ...view, shared: true })
    expect(await panel('kind: table\nview: best')).toMatchObject({
      columns: ['params.kind'],
      rows: [{ values: ['svm'] }],
      total: 1,
    })
    await expect(refused('kind: pie')).rejects.toMatchObject({
      code: 'REPORTS.BAD_PANEL',
      message: expect.stringContaining('kind says'),
    })
    await expect(refused('kind: table\nexperiment: nothing')).rejects.toMatchObject({ status: 404 })
    await expect(refused('kind: table\nfilter: nothing = 1')).rejects.toMatchObject({ status: 400 })
    expect(await panel('kind: number')).toMatchObject({ kind: 'number', value: 4, label: 'runs' })
  })

  test('a panel shows runs beside the published baselines of their experiment, in the file as well', async () => {
    const { scope, reports, project, call, experiment, runs } = await withRuns()
    const { tracking } = world.capabilities
    const of = `/api/v1/projects/${project}`
    const panel = async (text: string) =>
      (await call('GET', `${of}/report-panel?panel=${encodeURIComponent(`kind: baselines\n${text}`)}`)).json
    const here = 'experiment: arrival-delay\nsort: start_time'
    expect(await panel(here)).toMatchObject({ judgements: [], total: 4 })
    const published = {
      name: 'Paper <2016>',
      source: { title: 'A paper', url: '', published: '2016' },
      task: 'Whether a flight is late.',
      dataset: { name: 'flights', version: null, digest: 'd1' },
      split: '',
      metric: 'auc',
      definition: 'Area under the ROC curve.',
      direction: 'higher-is-better',
      // Two runs leave an interval that is wider than any true area.
      value: -9,
      spread: { kind: 'none' },
      protocol: 'As before.',
      params: {},
      seeds: [],
      code: '',
    }
    for (const more of [{}, { name: 'Loss', metric: 'loss' }])
      expect((await call('POST', `${of}/experiments/${experiment}/baselines`, { ...published, ...more })).status).toBe(
        201,
      )
    for (const run of runs.slice(0, 2)) {
      const dataset = { name: 'flights', digest: 'd1', sourceType: 'local', source: '{}', tags: [] }
      await tracking.logInputs(scope, run, { datasets: [dataset], models: [] })
      await tracking.updateRun(scope, run, { status: 'FINISHED', endTime: 5000 })
    }
    const found = await panel(`${here}\nlimit: 3\nmetrics: auc`)
    expect(found).toMatchObject({ baselines: [{ name: 'Paper <2016>' }], total: 4, runs: { length: 3 } })
    expect(found.judgements).toMatchObject([
      { run: runs[0], verdict: 'better', n: 2, difference: { value: expect.closeTo(9.57), method: 'one-sample' } },
      { run: runs[1], n: 2 },
      { run: runs[2], verdict: 'cannot judge yet', difference: null },
    ])
    expect((await panel(here)).judgements.length).toBeGreaterThan(3)
    expect((await panel('limit: 3')).detail).toContain('needs an experiment')

    const text = `${fence}panel\nkind: baselines\n${here}\nmetrics: auc\n${fence}\n`
    const { id } = await reports.create(scope, { title: 'Published', text })
    const { html } = await reports.html(scope, id)
    expect(html).toContain('<td>Paper &lt;2016&gt;</td>')
    expect(html).toContain('better: ')
  })

  test('a comment stays with its passage while others change, and is detached with its quote when that goes', async () => {
    const project = await world.makeProject()
    const { call } = await world.as('contributor', project)
    const base = `/api/v1/projects/${project}/reports`
    const { json } = await call('POST', base, { title: 'R', text: '# Late\n\nA *deep* tree.\n\nEnd.' })
    const at = `${base}/${json.id}`
    const about = { version: 1, passage: 1 }
    const { status, json: said } = await call('POST', `${at}/comments`, { text: 'How deep?', about })
    expect([status, said.about]).toEqual([201, { quote: 'A deep tree.', panel: false, place: 1 }])
    expect((await call('POST', `${at}/comments`, { text: 'All of it.' })).json.about).toBeNull()
    for (const wrong of [
      { version: 1, passage: 9 },
      { version: 2, passage: 0 },
    ])
      expect([400, 404]).toContain((await call('POST', `${at}/comments`, { text: 'x', about: wrong })).status)
    const place = async () => (await call('GET', `${at}/comments`)).json.comments[0].about
    await call('PUT', at, { title: 'R', text: 'New.\n\n# Later\n\nA *deep* tree.', after: 1 })
    expect(await place()).toEqual({ quote: 'A deep tree.', panel: false, place: 2 })
    const resolve = await call('PUT', `${at}/comments/${said.id}`, { resolved: true })
    expect(resolve.json).toMatchObject({ about: { place: 2 }, resolvedAt: world.time.now })
    await call('PUT', at, { title: 'R', text: 'New.', after: 2 })
    expect(await place()).toEqual({ quote: 'A deep tree.', panel: false, place: null })
  })

  test('reports, versions, comments and the panels of a file are bounded', async () => {
    const { scope, reports, project } = await withRuns()
    const write = world.kernel.db.write
    const blocks = Array.from({ length: 62 }, (_, n) => `${fence}panel\nkind: number\ntitle: ${n}\n${fence}\n`)
    const { id } = await reports.create(scope, { title: 'Full', text: blocks.join('') })
    const { html } = await reports.html(scope, id)
    expect([html.match(/<figure>/g)?.length, html.match(/at most 60 panels/g)?.length]).toEqual([60, 2])
    const by = { said_by: scope.principal.id, said_by_name: 'x' }
    const said = Array.from({ length: 1000 }, (_, n) => ({
      ...by,
      project_id: project,
      id: `rcm_${n}`,
      report_id: id,
      text: 'x',
      version: 1,
      said_at: 1,
      resolved_at: null,
      resolved_by_name: null,
    }))
    await write.transaction().execute((trx) => trx.insertInto('report_comment').values(said).execute())
    await expect(reports.comment(scope, id, 'one more')).rejects.toMatchObject({ code: 'REPORTS.TOO_MANY_COMMENTS' })
    await write
      .transaction()
      .execute((trx) =>
        trx
          .updateTable('report')
          .set({ version: 2000 })
          .where('project_id', '=', project)
          .where('id', '=', id)
          .execute(),
      )
    const save = reports.save(scope, id, { title: 'Full', text: 'x', after: 2000 })
    await expect(save).rejects.toMatchObject({ code: 'REPORTS.TOO_MANY_VERSIONS' })
    const stamps = { created_at: 1, created_by_name: 'x', updated_at: 1, updated_by_name: 'x' }
    const all = Array.from({ length: 1999 }, (_, n) => ({
      ...stamps,
      project_id: project,
      id: `rep_${n}`,
      title: 'x',
      version: 1,
    }))
    await write.transaction().execute((trx) => trx.insertInto('report').values(all).execute())
    await expect(reports.create(scope, { title: 'one more', text: '' })).rejects.toMatchObject({
      code: 'REPORTS.TOO_MANY',
    })
  })

  test('the exported file holds its panels, runs nothing and loads nothing, whatever people wrote', async () => {
    const { scope, reports, project, call, runs } = await withRuns()
    const block = (text: string) => `${fence}panel\n${text}\n${fence}\n`
    const text = `# <img src=x onerror=alert(1)>
[bad](javascript:alert(1)) [home](/p/${project}) [out](https://a.example/?a=1&b="x") trivium://${project}/run/${runs[0]}

${block('kind: table\ntitle: <script>alert(2)</script>\ncolumns: params.kind')}
${block('kind: curves\nmetrics: auc')}
${block('kind: scatter\nx: params.kind\ny: metrics.auc')}
${block('kind: parallel\ncolumns: params.kind, metrics.auc')}
${block('kind: number\nstatistic: mean\nmetrics: auc')}
${block('kind: pie')}
`
    const { id } = await reports.create(scope, { title: 'Delays </title><script>alert(3)</script>', text })
    const { html, name } = await reports.html(scope, id)
    expect(name).toBe('delays-title-script-alert-3-script-v1.html')
    expect(html).toMatch(
      /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
    )
    // no element that runs or loads, no attribute that does, no address but http
    expect(html).not.toMatch(
      /<(?:script|img|iframe|object|link|base|form|foreignobject)|<[^>]* on\w+=|<[^>]* style=|javascript:[^<]*"/i,
    )
    expect([...html.matchAll(/href="([^"]*)"/g)].map((one) => one[1])).toEqual([
      'https://a.example/?a=1&amp;b=&quot;x&quot;',
    ])
    expect(html.match(/<svg /g)?.length).toBeGreaterThanOrEqual(3)
    expect(html).toContain('&lt;b&gt;x&lt;/b&gt;')
    expect(html).toContain('This panel cannot be read: kind says')
    expect(html).toContain('95 % interval, n = 4')
    const answer = await call('GET', `/api/v1/projects/${project}/reports/${id}/html`)
    expect(answer.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'content-disposition': expect.stringMatching(/^attachment/),
      'x-content-type-options': 'nosniff',
    })
  })
})

describe('what a report names', () => {
  test('are URNs and links to pages of its project, each once, not those in code', () => {
    const text =
      'trivium://demo/run/1 trivium://demo/run/1 trivium://other/run/2 `trivium://demo/run/3` [x](/p/demo/models/a%2Fb/versions/4#x) [y](/p/demo/runs/%zz)'
    expect(findMentions('demo', text)).toEqual(['trivium://demo/run/1', 'trivium://demo/model/a%2Fb@4'])
  })
})

test('the style of an exported file is the one that its policy allows', async () => {
  const { createHash } = await import('node:crypto')
  const page = exportPage('t', '')
  const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? ''
  expect(page).toContain(createHash('sha256').update(style).digest('base64'))
})
