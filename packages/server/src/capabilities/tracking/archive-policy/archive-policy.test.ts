import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../../kernel/ids/index.ts'
import { type OldRun, oldRunBytes } from './old-runs-thread.ts'

const day = 86_400_000

describeEachDatabase('archiving by policy', ({ world }) => {
  test('old runs go, with the words of the policy; what somebody needs stays, and what is brought back stays too', async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}`
    const [client, admin] = [await world.as('contributor', project), await world.as('admin', project)]
    const run = async (name: string, loss?: number, tags: Record<string, string> = {}, end = true): Promise<string> => {
      const { json } = await client.call('POST', `${at}/runs`, { experiment: 'sweep', name, tags })
      if (loss !== undefined)
        await world.capabilities.tracking.logBatch(client.scope, json.id, {
          metrics: [{ key: 'loss', value: loss, step: 0, timestamp: 1 }] as never,
          params: [],
          tags: [],
        })
      if (end) await client.call('POST', `${at}/runs/${json.id}/end`, { status: 'FINISHED' })
      return json.id
    }
    const best = await run('best', 0.1)
    const bestOfGroup = await run('best of its group', 0.9, { 'trivium.group': 'b' })
    const [plain, worse] = [await run('plain', 0.5), await run('none')]
    const pinned = await run('pinned', 0.6, { 'trivium.pinned': 'yes' })
    const going = await run('going', 0.7, {}, false)
    const cited = await run('cited', 0.8)
    await client.call('POST', `${at}/reports`, { title: 'R', text: `See ${urn(project, 'run', cited)}.` })
    const { experimentId } = (await client.call('GET', `${at}/runs/${best}`)).json
    const idea = await client.call('POST', `${at}/experiments/${experimentId}/ideas`, { title: 'I' })
    const tries = await run('tries', 0.8, { 'trivium.idea': idea.json.id })
    world.time.now += 31 * day
    const young = await run('young', 0.4)

    const policy = { days: 30, keepBest: 1, metric: 'loss', higherIsBetter: false }
    const preview = (body: object) => client.call('POST', `${at}/archive-policy/preview`, body)
    expect((await preview({ ...policy, metric: null })).status).toBe(400)
    expect((await preview(policy)).json).toMatchObject({
      old: 7,
      archived: 2,
      kept: { pinned: 1, broughtBack: 0, best: 2, model: 0, cited: 2 },
      runs: [{ experiment: 'sweep' }, {}],
    })
    const pages: string[][] = []
    for (let after = ''; pages.length < 9; after = pages.at(-1)?.at(-1) ?? '') {
      const input = { project, before: world.time.now - 30 * day, after, most: 3 }
      const page = JSON.parse(await oldRunBytes(world.kernel.db.read, input)) as OldRun[]
      if (page.length === 0) break
      pages.push(page.map(({ id }) => id))
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
    expect(pages.flat()).toEqual([best, bestOfGroup, plain, worse, pinned, cited, tries].toSorted())
    expect((await client.call('PUT', `${at}/archive-policy`, { policy })).status).toBe(403)
    expect((await admin.call('PUT', `${at}/archive-policy`, { policy })).json.saved).toMatchObject({
      policy,
      archived: 0,
    })
    await world.settled(project)
    const archived = async () => {
      const { json } = await client.call('GET', `${at}/runs?view=archived&columns=`)
      return json.runs.map((one: { id: string }) => one.id).toSorted()
    }
    await expect.poll(archived, { timeout: 10_000, interval: 20 }).toEqual([plain, worse].toSorted())
    const { json: one } = await client.call('GET', `${at}/runs/${plain}`)
    expect(one.archivedBecause).toMatch(/^ended more than 30 days ago, not among the best 1 by loss: policy of /)
    const told = await world.kernel.db.read
      .selectFrom('event')
      .select('data')
      .where('project_id', '=', project)
      .where('name', '=', 'run.archived')
      .execute()
    expect(told.map(({ data }) => JSON.parse(data).policy)).toEqual([one.archivedBecause, one.archivedBecause])

    await client.call('POST', `${at}/run-archive`, { runs: [plain], archived: false })
    expect(await world.capabilities.archivePolicies.run(project)).toBe(0)
    expect(await archived()).toEqual([worse])
    expect((await client.call('GET', `${at}/runs/${plain}`)).json.archivedBecause).toBeNull()
    expect((await preview(policy)).json.kept.broughtBack).toBe(1)
    const state = await client.call('GET', `${at}/archive-policy`)
    expect(state.json.saved).toMatchObject({ archived: 1 + 1, lastAt: world.time.now })
    for (const id of [best, bestOfGroup, pinned, going, tries, young])
      expect((await client.call('GET', `${at}/runs/${id}`)).json.archivedAt).toBeNull()
    expect((await admin.call('PUT', `${at}/archive-policy`, { policy: null })).json.saved).toBeNull()
    expect(await world.capabilities.archivePolicies.run(project)).toBe(0)
  })
})
