import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const url = (client: Client): string => `/api/v1/projects/${client.scope.project}/secrets`
const newValue = (): string => `v-${randomBytes(12).toString('hex')}`

describeEachDatabase('secrets', ({ world }) => {
  const use = (client: Client, references: Record<string, string>) =>
    world.capabilities.secrets.handOut(client.scope, { references, run: 'prn_1', pipeline: 'train', step: 'fit' })

  test('a value is set, handed to a step and never shown; who set it and when it was used is', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const value = newValue()
    const set = await client.call('PUT', `${url(client)}/db-password`, { value, description: 'The warehouse' })
    expect(set.json).toMatchObject({
      name: 'db-password',
      from: 'project',
      version: 1,
      lastUse: null,
      description: 'The warehouse',
    })
    const handed = await use(client, { DB_PASSWORD: 'db-password' })
    expect(handed.env).toEqual({ DB_PASSWORD: value })
    expect(handed.mask.text(`it is ${value}`)).toBe('it is ***db-password***')
    const list = await client.call('GET', url(client))
    expect(list.json.secrets[0].lastUse).toMatchObject({
      version: 1,
      pipeline: 'train',
      step: 'fit',
      run: 'prn_1',
      byName: client.principal.name,
    })
    const detail = await client.call('GET', `${url(client)}/db-password`)
    expect(detail.json.versions).toEqual([
      expect.objectContaining({ version: 1, state: 'current', setByName: client.principal.name }),
    ])
    await world.settled(client.scope.project)
    const events = await client.call('GET', `/api/v1/projects/${client.scope.project}/events?kind=secret`)
    expect(events.json.events.map((event: { name: string }) => event.name)).toEqual(['secret.used', 'secret.set'])
    for (const answer of [set, list, detail, events]) expect(answer.text).not.toContain(value)
    const admin = await world.as('admin', client.scope.project)
    const log = await admin.call('GET', `/api/v1/projects/${client.scope.project}/access-log?kind=read`)
    expect(log.json.entries[0]).toMatchObject({
      what: 'secrets',
      path: 'train/fit: db-password',
      byName: client.principal.name,
    })
  })

  test('what a step sends with the token of its run is masked, in consoles, names and notes; files with a value in them are refused', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const { project } = client.scope
    const at = `/api/v1/projects/${project}`
    const value = newValue()
    await client.call('PUT', `${url(client)}/key`, { value })
    await use(client, { KEY: 'key' })
    const { secret } = await world.capabilities.access.createToken(client.principal, {
      principalId: client.principal.id,
      name: 'run:prn_1',
      kind: 'run',
      project,
      permissions: ['run:read', 'run:write'],
    })
    const step = { authorization: `Bearer ${secret}` }
    const begun = await client.call('POST', `${at}/runs`, { experiment: 'late', name: `with ${value}` }, step)
    const { id, experimentId } = begun.json
    const lines = [{ at: 1, stream: 'stdout', text: `password=${value}` }]
    expect((await client.call('POST', `${at}/runs/${id}/console`, { first: 0, lines }, step)).status).toBe(200)
    const artifact = `/api/2.0/mlflow-artifacts/artifacts/${experimentId}/${id}/artifacts/note.txt`
    const put = await client.call('PUT', artifact, Buffer.from(`it is ${value}`), {
      ...step,
      'content-type': 'application/octet-stream',
    })
    expect([put.status, put.text.includes(value)]).toEqual([422, false])
    const { text } = await client.call('GET', `${at}/runs/${id}/console/text`)
    expect(text).toBe('password=***key***\n')
    expect((await client.call('GET', `${at}/runs/${id}`)).json.name).toBe('with ***key***')
  })

  test('a new value is a new version; the one before is there for those who ask while it lasts, then it is gone', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const [one, two, three] = [newValue(), newValue(), newValue()]
    const both = { NEW: 'key', OLD: 'key@previous' }
    await client.call('PUT', `${url(client)}/key`, { value: one })
    expect((await use(client, both)).env).toEqual({ NEW: one, OLD: one })
    const set = await client.call('PUT', `${url(client)}/key`, { value: two, overlapSeconds: 60 })
    expect(set.json).toMatchObject({ version: 2, previousUntil: world.time.now + 60_000 })
    expect((await use(client, both)).env).toEqual({ NEW: two, OLD: one })
    world.time.now += 60_001
    expect((await use(client, both)).env).toEqual({ NEW: two, OLD: two })
    await client.call('PUT', `${url(client)}/key`, { value: three })
    expect((await use(client, both)).env).toEqual({ NEW: three, OLD: three })
    const { versions } = (await client.call('GET', `${url(client)}/key`)).json
    expect(versions.map((one: { state: string }) => one.state)).toEqual(['current', 'gone', 'gone'])
    const rows = await world.kernel.db.read
      .selectFrom('secret_version')
      .select('sealed')
      .where('project_id', '=', client.scope.project)
      .execute()
    expect(rows.filter((row) => row.sealed !== null)).toHaveLength(1)
  })

  test('a value that is set while the secret is removed is there whole or gone whole', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    for (let round = 0; round < 8; round += 1) {
      const statuses = await Promise.all(
        Array.from({ length: 6 }, async (_, n) => {
          const answer = await (n % 2 === 0
            ? client.call('PUT', `${url(client)}/key`, { value: newValue() })
            : client.call('DELETE', `${url(client)}/key`))
          return answer.status
        }),
      )
      expect(statuses.filter((status) => status >= 500)).toEqual([])
    }
    await client.call('PUT', `${url(client)}/key`, { value: newValue() })
    await client.call('DELETE', `${url(client)}/key`)
    const left = await world.kernel.db.read
      .selectFrom('secret_version')
      .select('version')
      .where('project_id', '=', client.scope.project)
      .execute()
    expect(left).toEqual([])
  })

  test('a sealed value that was moved to another row, name or project does not open', async () => {
    const [mine, theirs] = [
      await world.as('maintainer', await world.makeProject()),
      await world.as('maintainer', await world.makeProject()),
    ]
    for (const client of [mine, theirs]) await client.call('PUT', `${url(client)}/key`, { value: newValue() })
    await mine.call('PUT', `${url(mine)}/other`, { value: newValue() })
    const rows = await world.kernel.db.read.selectFrom('secret_version').selectAll().execute()
    const rowOf = (project: string, name: string) => rows.find((row) => row.project_id === project && row.name === name)
    const move = async (from: ReturnType<typeof rowOf>) => {
      await world.kernel.db.write.transaction().execute((trx) =>
        trx
          .updateTable('secret_version')
          .set({ sealed: from?.sealed ?? null, id: from?.id ?? '' })
          .where('project_id', '=', mine.scope.project)
          .where('name', '=', 'key')
          .execute(),
      )
      await expect(use(mine, { KEY: 'key' })).rejects.toThrow('cannot be read')
    }
    await move(rowOf(theirs.scope.project, 'key'))
    await move(rowOf(mine.scope.project, 'other'))
    await mine.call('DELETE', `${url(mine)}/key`)
  })

  test('names and values that cannot be are refused with what to do, without the value', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const [short, nul] = [
      await client.call('PUT', `${url(client)}/key`, { value: 'abc' }),
      await client.call('PUT', `${url(client)}/key`, { value: 'abcdef\0gh' }),
    ]
    expect([short.status, nul.status]).toEqual([400, 422])
    expect(nul.json.detail).toContain('Encode it')
    for (const answer of [short, nul]) expect(answer.text).not.toMatch(/"abc|abcdef/)
    expect(
      (await client.call('PUT', `${url(client)}/${encodeURIComponent('a@previous')}`, { value: newValue() })).status,
    ).toBe(400)
    const missing = await client.call('GET', `${url(client)}/nowhere`)
    expect([missing.status, missing.json.detail]).toEqual([404, expect.stringContaining('trivium secrets set nowhere')])
  })

  test('viewers see none, contributors use and list them, maintainers set and remove them', async () => {
    const project = await world.makeProject()
    const [viewer, contributor, maintainer] = [
      await world.as('viewer', project),
      await world.as('contributor', project),
      await world.as('maintainer', project),
    ]
    const set = (client: Client) => client.call('PUT', `${url(client)}/key`, { value: newValue() })
    expect([(await set(viewer)).status, (await set(contributor)).status, (await set(maintainer)).status]).toEqual([
      403, 403, 200,
    ])
    expect([
      (await viewer.call('GET', url(viewer))).status,
      (await contributor.call('GET', url(viewer))).status,
    ]).toEqual([403, 200])
    await expect(use(viewer, { KEY: 'key' })).rejects.toThrow('secret:use')
    expect(Object.keys((await use(contributor, { KEY: 'key' })).env)).toEqual(['KEY'])
    expect((await contributor.call('DELETE', `${url(viewer)}/key`)).status).toBe(403)
    expect((await maintainer.call('DELETE', `${url(viewer)}/key`)).status).toBe(204)
    await expect(use(contributor, { KEY: 'key' })).rejects.toThrow('no secret "key"')
    const left = await world.kernel.db.read
      .selectFrom('secret_version')
      .select('id')
      .where('project_id', '=', project)
      .execute()
    expect(left).toEqual([])
  })

  test('a secret of the instance is there for the projects that it is shared with, and theirs comes first', async () => {
    const admin = await world.as('instance-admin')
    const [one, two] = [
      await world.as('maintainer', await world.makeProject()),
      await world.as('maintainer', await world.makeProject()),
    ]
    const value = newValue()
    const set = await admin.call('PUT', '/api/v1/secrets/registry', { value, projects: [one.scope.project] })
    expect(set.json).toMatchObject({ version: 1, projects: [one.scope.project] })
    expect((await use(one, { R: 'registry' })).env).toEqual({ R: value })
    await expect(use(two, { R: 'registry' })).rejects.toThrow('no secret "registry"')
    expect((await two.call('GET', `${url(two)}/registry`)).status).toBe(404)
    expect((await one.call('DELETE', `${url(one)}/registry`)).json.detail).toContain('belongs to the instance')
    expect((await one.call('GET', url(one))).json.secrets).toEqual([
      expect.objectContaining({ from: 'instance', name: 'registry' }),
    ])
    const own = newValue()
    await one.call('PUT', `${url(one)}/registry`, { value: own })
    expect((await use(one, { R: 'registry' })).env).toEqual({ R: own })
    const shared = await admin.call('PUT', '/api/v1/secrets/registry/projects', { projects: [two.scope.project] })
    expect(shared.json.projects).toEqual([two.scope.project])
    expect((await use(two, { R: 'registry' })).env).toEqual({ R: value })
    expect((await admin.call('PUT', '/api/v1/secrets/registry/projects', { projects: ['nowhere'] })).status).toBe(404)
    await world.settled(one.scope.project)
    const told = await one.call('GET', `/api/v1/projects/${one.scope.project}/events?name=secret.shared`)
    expect(told.json.events.map((event: { data: unknown }) => event.data)).toEqual([
      { shared: false },
      { shared: true },
    ])
    expect((await admin.call('DELETE', '/api/v1/secrets/registry')).status).toBe(204)
    expect((await admin.call('GET', '/api/v1/secrets')).json.secrets).toEqual([])
    await expect(use(two, { R: 'registry' })).rejects.toThrow('no secret')
  })

  test('with a new vault key everything is wrapped anew while it is used, what cannot be read is named, and then the old key can go', async () => {
    const admin = await world.as('instance-admin')
    const client = await world.as('maintainer', await world.makeProject())
    const value = newValue()
    await client.call('PUT', `${url(client)}/key`, { value })
    const old = (await admin.call('GET', '/api/v1/vault')).json.keys
    expect(old).toEqual([expect.objectContaining({ source: 'file', current: true })])
    const added = (await admin.call('POST', '/api/v1/vault/keys')).json
    expect(added.keys.map((key: { current: boolean }) => key.current)).toEqual([true, false])
    expect(added.keys[1].rows).toBe(old[0].rows)
    expect((await admin.call('DELETE', `/api/v1/vault/keys/${old[0].id}`)).json.code).toBe('VAULT.KEY_IN_USE')
    expect((await use(client, { KEY: 'key' })).env).toEqual({ KEY: value })
    const damaged = world.kernel.db.write.transaction().execute(async (trx) => {
      const row = {
        project_id: client.scope.project,
        name: 'broken',
        version: 1,
        id: 'x',
        set_at: 0,
        set_by: 'x',
        valid_until: null,
      }
      await trx
        .insertInto('secret_version')
        .values({ ...row, sealed: `v1.AAAA.BBBB.${old[0].id}` })
        .execute()
    })
    await damaged
    const { rewrapped, left, failed } = (await admin.call('POST', '/api/v1/vault/rewrap')).json
    expect([rewrapped, left]).toEqual([old[0].rows, 1])
    expect(failed).toEqual([expect.objectContaining({ row: `secret/${client.scope.project}/broken/x` })])
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.deleteFrom('secret_version').where('id', '=', 'x').execute())
    expect((await admin.call('POST', '/api/v1/vault/rewrap')).json).toEqual({ rewrapped: 0, left: 0, failed: [] })
    const now = (await admin.call('DELETE', `/api/v1/vault/keys/${old[0].id}`)).json
    expect(now).toMatchObject({
      keys: [expect.objectContaining({ current: true, rows: old[0].rows })],
      unnamed: 0,
      lost: 0,
    })
    expect((await readFile(join(world.kernel.paths.data, 'vault-key'), 'utf8')).trim().split('\n')).toHaveLength(1)
    expect((await use(client, { KEY: 'key' })).env).toEqual({ KEY: value })
  })
})
