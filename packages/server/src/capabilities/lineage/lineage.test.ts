import type { EventRef } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'

describeEachDatabase('lineage', ({ world }) => {
  const tell = (
    project: string,
    subject: string,
    refs: EventRef[] = [],
    data: Record<string, unknown> = {},
    name = 'test.made',
  ) =>
    world.kernel.db.write
      .transaction()
      .execute((trx) =>
        world.kernel.events.append(trx, { project, name, schema: 1, by: 'tester', subject, refs, data }),
      )
  const input = (of: string, as = 'made from'): EventRef => ({ rel: 'input', urn: of, as })
  const walk = async (project: string, of: string, options: { back?: number; forward?: number; limit?: number } = {}) =>
    world.capabilities.lineage.walk((await world.as('viewer', project)).scope, {
      urn: of,
      back: options.back ?? 12,
      forward: options.forward ?? 12,
      limit: options.limit ?? 200,
    })
  const search = async (project: string, q: string, inProject?: string) =>
    (
      await (
        await world.as('viewer', project)
      ).call('GET', `/api/v1/search?q=${encodeURIComponent(q)}${inProject ? `&project=${inProject}` : ''}`)
    ).json.hits as { name: string; project: string; kind: string }[]
  /** dataset → run → model → release, and the release also from a feature view. */
  const chain = async (project: string) => {
    const at = {
      dataset: urn(project, 'dataset', 'flights', 1),
      run: urn(project, 'run', 'a1b2c3'),
      model: urn(project, 'model', 'arrival delay', 1),
      view: urn(project, 'feature-view', 'origin', 1),
      release: urn(project, 'release', 'rel_1'),
      deployment: urn(project, 'deployment', 'live'),
    }
    await tell(project, at.dataset, [], { fact: '100 rows', name: 'flights' })
    await tell(project, at.run, [input(at.dataset, 'trained on')], { name: 'brave run', tags: ['weekly'] })
    await tell(project, at.model, [input(at.run), { rel: 'about', urn: at.view, as: 'mentions' }])
    await tell(project, at.release, [
      input(at.model),
      input(at.view),
      { rel: 'output', urn: at.deployment, as: 'deployed as' },
    ])
    await world.settled(project)
    return at
  }

  test('the graph is walked back and forward, each node with its distance and its fact', async () => {
    const project = await world.makeProject()
    const at = await chain(project)
    const graph = await walk(project, at.model)
    const depths = Object.fromEntries(graph.nodes.map((node) => [node.urn, node.depth]))
    expect(depths).toEqual({ [at.model]: 0, [at.run]: -1, [at.dataset]: -2, [at.release]: 1, [at.deployment]: 2 })
    expect(graph.edges).toContainEqual({ from: at.dataset, to: at.run, as: 'trained on' })
    expect(graph.nodes.find((node) => node.urn === at.dataset)).toMatchObject({
      kind: 'dataset',
      name: 'flights',
      version: '1',
      fact: '100 rows',
    })
    expect(graph.truncated).toBe(false)
  })

  test('back and forward and the limit are kept, and what was left out is said', async () => {
    const project = await world.makeProject()
    const at = await chain(project)
    expect((await walk(project, at.model, { back: 1, forward: 0 })).nodes.map((n) => n.urn).toSorted()).toEqual(
      [at.model, at.run].toSorted(),
    )
    const few = await walk(project, at.model, { limit: 2 })
    expect([few.nodes.length, few.truncated]).toEqual([2, true])
    expect(
      few.edges.every((edge) => few.nodes.some((n) => n.urn === edge.from) && few.nodes.some((n) => n.urn === edge.to)),
    ).toBe(true)
  })

  test('a node with more edges than the limit says that it was cut', async () => {
    const project = await world.makeProject()
    const hub = urn(project, 'dataset', 'hub', 1)
    await tell(project, hub)
    for (let n = 0; n < 30; n += 1) await tell(project, urn(project, 'run', `run-${n}`), [input(hub)])
    await world.settled(project)
    const graph = await walk(project, hub, { limit: 10 })
    expect([graph.nodes.length, graph.truncated]).toEqual([10, true])
    expect((await walk(project, hub, { limit: 40 })).nodes).toHaveLength(31)
  })

  test('a circle ends', async () => {
    const project = await world.makeProject()
    const [a, b] = [urn(project, 'pipeline-run', 'a'), urn(project, 'alert', 'b')]
    await tell(project, a, [input(b)])
    await tell(project, b, [input(a)])
    await world.settled(project)
    const graph = await walk(project, a)
    expect([graph.nodes.length, graph.edges.length]).toEqual([2, 2])
  })

  test('names with a slash, an at and a percent sign are found again', async () => {
    const project = await world.makeProject()
    const odd = urn(project, 'model', '50%/a@b', '1')
    await tell(project, odd)
    await world.settled(project)
    expect((await walk(project, odd)).focus).toMatchObject({ name: '50%/a@b', version: '1' })
    expect((await search(project, '50%/a@b')).map((hit) => hit.name)).toEqual(['50%/a@b'])
    expect(await search(project, '5_%')).toEqual([])
  })

  test('search finds by name, id, tag and kind; what a later event does not say again is kept', async () => {
    const project = await world.makeProject()
    const at = await chain(project)
    await tell(project, at.run, [], {}, 'test.finished')
    await world.settled(project)
    expect((await search(project, 'brave')).map((hit) => hit.kind)).toEqual(['run'])
    expect((await search(project, 'WEEKLY')).map((hit) => hit.kind)).toEqual(['run'])
    expect((await search(project, '#a1b2')).map((hit) => hit.kind)).toEqual(['run'])
    expect((await search(project, 'm:arrival')).map((hit) => hit.kind)).toEqual(['model'])
    expect(await search(project, 'd:arrival')).toEqual([])
    expect((await search(project, 'weekly brave')).map((hit) => hit.kind)).toEqual(['run'])
    expect(await search(project, 'weekly coward')).toEqual([])
    expect(await search(project, 'm:brave')).toEqual([])
  })

  test('nothing of another project is walked to, found or named', async () => {
    const mine = await world.makeProject()
    const theirs = await world.makeProject()
    const foreign = await chain(theirs)
    await expect(walk(mine, foreign.run)).rejects.toMatchObject({ code: 'LINEAGE.NODE_NOT_FOUND' })
    expect(await search(mine, 'brave')).toEqual([])
    expect(await search(mine, 'brave', theirs)).toEqual([])
    // Even where an event of ours names one of theirs, nothing is known about it here.
    const own = urn(mine, 'run', 'ours')
    await tell(mine, own, [input(foreign.dataset)])
    await world.settled(mine)
    const graph = await walk(mine, own)
    expect(graph.nodes.find((node) => node.urn === foreign.dataset)).toMatchObject({ fact: '', at: null })
    expect(graph.nodes.map((node) => node.urn)).not.toContain(foreign.run)
    // And theirs is not led to ours.
    expect((await walk(theirs, foreign.dataset)).nodes.map((node) => node.urn)).not.toContain(own)
  })

  test('what is no URN is said to be none', async () => {
    const viewer = await world.as('viewer')
    const answer = await viewer.call('GET', '/api/v1/projects/default/lineage?urn=flights')
    expect([answer.status, answer.json.code]).toEqual([400, 'LINEAGE.NOT_A_URN'])
    const broken = await viewer.call(
      'GET',
      `/api/v1/projects/default/lineage?urn=${encodeURIComponent('trivium://default/model/%E0%A4%A')}`,
    )
    expect([broken.status, broken.json.code]).toEqual([400, 'LINEAGE.NOT_A_URN'])
  })

  test('an event that comes twice makes one edge', async () => {
    const project = await world.makeProject()
    const at = await chain(project)
    await tell(project, at.run, [input(at.dataset, 'trained on')], { name: 'brave run' })
    await world.settled(project)
    expect((await walk(project, at.run, { forward: 0 })).edges).toHaveLength(1)
  })
})
