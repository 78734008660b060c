import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { sheetMarkdown } from './sheet-markdown.ts'

describeEachDatabase('the data sheet of a dataset version', ({ world }) => {
  test('records fill it, people write the rest with name and date, and readers see no personal value', async () => {
    const project = await world.makeProject()
    const writer = await world.as('contributor', project)
    const at = `/api/v1/projects/${project}/datasets/people`
    const body = 'name,age,late\nAda|x,36,true\nBob,,false\nBob,41,false\n'
    const send = { 'content-type': 'application/octet-stream' }
    const added = await writer.call('POST', `${at}/versions?format=csv&note=from+the+registry`, body, send)
    expect(added.status).toBe(200)
    const declared = {
      description: 'Who flew.',
      personal: ['name'],
      label: 'late',
      checks: [{ kind: 'nulls', severity: 'warn', column: 'age', maxShare: 0.1 }],
    }
    expect((await writer.call('PUT', at, declared)).status).toBe(200)
    await writer.call('POST', `${at}/versions?format=csv&mode=append`, 'name,age,late\nEve,,true\nZoe,33,true\n', send)
    const run = 'a1'.repeat(16)
    const v2 = `trivium://${project}/dataset/people@2`
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'test.made',
        schema: 1,
        by: writer.principal.id,
        subject: `trivium://${project}/run/${run}`,
        refs: [{ rel: 'input', urn: v2, as: 'training-data' }],
        data: {},
      } as never),
    )
    await world.settled(project)
    const read = async (version: number, as = writer) => (await as.call('GET', `${at}/versions/${version}/sheet`)).json
    const sheet = await read(2)
    expect(sheet).toMatchObject({
      description: 'Who flew.',
      composition: { rows: 5, addedRows: 2, label: { column: 'late', classes: [{ value: 'true', count: 2 }] } },
      origin: { mode: 'append', madeFrom: [{ urn: `trivium://${project}/dataset/people@1` }] },
      checks: [{ passed: false }],
      usedBy: [{ kind: 'run', urn: `trivium://${project}/run/${run}` }],
    })
    expect(sheet.composition.columns[0]).toMatchObject({ name: 'name', personal: true, top: null })
    // The run used v2, and nothing of the version before but that.
    expect((await read(1)).usedBy).toEqual([])
    expect((await read(1)).origin.note).toBe('from the registry')

    const write = (text: string, after: number, part = 'limits', as = writer) =>
      as.call('PUT', `${at}/sheet/${part}`, { text, after })
    expect((await write('Only *adults*.', 0)).json).toMatchObject({
      revision: 1,
      version: 2,
      at: world.time.now,
      byName: writer.principal.name,
    })
    const { status, json } = await write('Lost', 0)
    expect([status, json.code, json.detail]).toEqual([
      409,
      'DATASETS.SHEET_CHANGED',
      expect.stringContaining(writer.principal.name),
    ])
    expect((await write('Adults only.', 1)).json.revision).toBe(2)
    const both = await Promise.all([write('a', 0, 'contact'), write('b', 0, 'contact')])
    expect(both.map((one) => one.status).toSorted()).toEqual([200, 409])
    const viewer = await world.as('viewer', project)
    expect((await write('No', 2, 'limits', viewer)).status).toBe(403)
    expect((await write('No', 0, 'colour')).status).toBe(400)
    const { parts } = await read(1, viewer)
    expect(parts.find((one: { part: string }) => one.part === 'limits')).toMatchObject({
      text: 'Adults only.',
      revision: 2,
    })

    const file = await viewer.call('GET', `${at}/versions/2/sheet/file`)
    expect(file.headers).toMatchObject({
      'content-type': expect.stringContaining('text/markdown'),
      'content-disposition': 'attachment; filename="people-v2-sheet.md"',
    })
    expect(file.text).toContain(`## Limits\n\n*What is it known`)
    expect(file.text).toContain(`Adults only.\n\n— ${writer.principal.name.replaceAll('-', String.raw`-`)}`)
    expect(file.text).toMatch(/\| age \| integer \| 1 \|/)
    expect(file.text).not.toContain('Eve')
    expect(file.text).toContain('Nobody has written this part.')
    const name = 'a|b <img src=x onerror=alert(1)>\n# [Approved](https://evil.example)'
    const [column] = sheet.composition.columns
    const hostile = sheetMarkdown({
      ...sheet,
      description: name,
      composition: { ...sheet.composition, columns: [{ ...column, name, top: name }] },
      origin: { ...sheet.origin, addedByName: name, note: name },
    })
    expect(hostile).not.toMatch(/[^\\]<img|^\\?# \\?\[|[^\\]\[Approved|[^\\]\|b/m)
    expect((await viewer.call('GET', `${at}/versions/2/sheet/file?format=json`)).json.parts).toHaveLength(8)
    expect((await viewer.call('GET', `${at}/versions/9/sheet`)).status).toBe(404)
  })
})
