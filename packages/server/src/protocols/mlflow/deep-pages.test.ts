import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const api = '/api/2.0/mlflow'

describeEachDatabase('pages of searches of models', ({ world }) => {
  /** All pages of a search, one name each, while something new comes at the front after the first page. */
  const walk = async (
    ask: (token: string | undefined) => Promise<{ names: string[]; token: string | undefined }>,
    disturb: () => Promise<unknown>,
  ) => {
    const found: string[] = []
    for (let token: string | undefined, page = 0; page < 20; page += 1) {
      const { names, token: next } = await ask(token)
      found.push(...names)
      if (page === 0) await disturb()
      if (next === undefined) return found
      token = next
    }
    return found
  }

  test('a page goes on behind the last row that was shown, also when rows come before it; each order, each search', async () => {
    const client = await world.as('contributor', await world.makeProject())
    const post = async (path: string, body: object) => (await client.call('POST', `${api}/${path}`, body)).json
    const is_prompt = { key: 'mlflow.prompt.is_prompt', value: 'true' }
    const model = async (name: string) => {
      world.time.now += 1
      await post('registered-models/create', { name })
      await post('model-versions/create', { name, source: 'prompt', tags: [is_prompt] })
    }
    for (const name of ['b', 'B', 'ä', 'c', 'd']) await model(name)
    const search = (path: string, key: string, query: string) => async (token: string | undefined) => {
      const more = token === undefined ? '' : `&page_token=${encodeURIComponent(token)}`
      const { json } = await client.call('GET', `${api}/${path}?max_results=2&${query}${more}`)
      return { names: (json[key] ?? []).map((one: { name: string }) => one.name), token: json.next_page_token }
    }
    const versions = (query: string) =>
      search('model-versions/search', 'model_versions', `filter=tag.%60${is_prompt.key}%60%3D%27true%27&${query}`)
    const models = (query: string) => search('registered-models/search', 'registered_models', query)
    const still = async () => {}
    expect(await walk(models(''), () => model('A'))).toEqual(['B', 'b', 'c', 'd', 'ä'])
    expect(await walk(models('order_by=creation_timestamp+DESC'), () => model('e'))).toEqual([
      'A',
      'd',
      'c',
      'ä',
      'B',
      'b',
    ])
    expect(await walk(models('order_by=name+DESC'), still)).toEqual(['ä', 'e', 'd', 'c', 'b', 'B', 'A'])
    expect(await walk(versions(''), () => model('f'))).toEqual(['e', 'A', 'd', 'c', 'ä', 'B', 'b'])
    expect(await walk(versions('order_by=version_number&order_by=name'), still)).toEqual([
      'A',
      'B',
      'b',
      'c',
      'd',
      'e',
      'f',
      'ä',
    ])
    const token = (await models('')(undefined)).token
    for (const query of ['order_by=name+DESC', "filter=name+LIKE+'z%25'"]) {
      const foreign = await client.call('GET', `${api}/registered-models/search?${query}&page_token=${token}`)
      expect(foreign.status, query).toBe(400)
    }
    for (const bad of ['x', 'W10', Buffer.from('["place","x",null]').toString('base64url')])
      expect((await client.call('GET', `${api}/registered-models/search?page_token=${bad}`)).status).toBe(400)

    const logged = async (name: string, params: object[]) => {
      world.time.now += 1
      await post('logged-models', { experiment_id: '0', name, params })
    }
    for (const name of ['one', 'two', 'three', 'four', 'five'])
      await logged(name, name.length === 4 ? [{ key: 'depth', value: name }] : [])
    const all = (order: object[]) => async (page_token: string | undefined) => {
      const json = await post('logged-models/search', {
        experiment_ids: ['0'],
        max_results: 2,
        order_by: order,
        page_token,
      })
      return {
        names: (json.models ?? []).map((one: { info: { name: string } }) => one.info.name),
        token: json.next_page_token as string | undefined,
      }
    }
    expect(await walk(all([]), () => logged('six', []))).toEqual(['five', 'four', 'three', 'two', 'one'])
    // What lacks the parameter comes last.
    expect(await walk(all([{ field_name: 'params.depth', ascending: true }]), still)).toEqual([
      'five',
      'four',
      'six',
      'three',
      'two',
      'one',
    ])
  })
})
