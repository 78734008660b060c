import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'

const api = '/api/2.0/mlflow'

describeEachDatabase("people and workspaces by MLflow's calls", ({ world }) => {
  let project: string
  let admin: Client
  let viewer: Client
  beforeAll(async () => {
    project = await world.makeProject()
    admin = await world.as('admin', project)
    viewer = await world.as('viewer', project)
  })
  const grant = (by: Client, username: string, permission: string, type = 'workspace', id = project) =>
    by.call('POST', '/api/3.0/mlflow/users/permissions/grant', {
      username,
      permission,
      resource_type: type,
      resource_id: id,
    })
  const levelOf = async (username: string, type = 'experiment') =>
    (
      await admin.call(
        'GET',
        `/api/3.0/mlflow/users/permissions/get?username=${username}&resource_type=${type}&resource_id=0`,
      )
    ).json

  test('an account is read with what it may do, and somebody of another project is nobody here', async () => {
    const { name } = viewer.principal
    const current = await viewer.call('GET', `${api}/users/current`)
    expect(current.json).toMatchObject({ user: { username: name, is_admin: false }, is_basic_auth: false })
    expect((await admin.call('GET', `${api}/users/get?username=${name}`)).json.user).toMatchObject({ username: name })
    const elsewhere = await world.as('viewer', await world.makeProject())
    const unknown = await admin.call('GET', `${api}/users/get?username=${elsewhere.principal.name}`)
    expect([unknown.status, unknown.json.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
    expect(unknown.json.message).toBe(
      (await admin.call('GET', `${api}/users/get?username=nobody`)).json.message.replace(
        'nobody',
        elsewhere.principal.name,
      ),
    )
    expect(await levelOf(name)).toEqual({ allowed: false, permission: 'READ' })
    expect(await levelOf(admin.principal.name)).toEqual({ allowed: true, permission: 'MANAGE' })
    const classic = await admin.call('GET', `${api}/experiments/permissions/get?experiment_id=0&username=${name}`)
    expect(classic.json.experiment_permission).toMatchObject({ experiment_id: '0', permission: 'READ' })
  })

  test('a level on the workspace is a role, given and taken by whoever may; a level on one experiment is refused', async () => {
    const { name } = viewer.principal
    expect((await grant(viewer, name, 'MANAGE')).status).toBe(403)
    expect((await grant(admin, name, 'EDIT')).status).toBe(200)
    expect(await levelOf(name)).toEqual({ allowed: true, permission: 'EDIT' })
    const held = (await admin.call('GET', `/api/3.0/mlflow/users/permissions/list?username=${name}`)).json
    expect(held.permissions.map((one: { permission: string }) => one.permission)).toEqual(['EDIT', 'READ'])
    for (const [permission, type, id] of [
      ['EDIT', 'experiment', '0'],
      // Called like the project: it is not taken for the workspace.
      ['EDIT', 'experiment', project],
      ['USE', 'workspace', project],
      ['EDIT', 'workspace', 'another'],
      ['EDIT', 'galaxy', '0'],
    ] as const)
      expect([type, (await grant(admin, name, permission, type, id)).status]).toEqual([type, 400])
    const told = await admin.call('POST', `${api}/experiments/permissions/create`, {
      experiment_id: '0',
      username: name,
      permission: 'READ',
    })
    expect([told.status, told.json.message]).toEqual([400, expect.stringContaining('(this one: EDIT)')])
    const revoked = await admin.call('POST', '/api/3.0/mlflow/users/permissions/revoke', {
      username: name,
      resource_type: 'workspace',
      resource_id: project,
    })
    expect(revoked.status).toBe(200)
    expect((await viewer.call('GET', `${api}/experiments/get?experiment_id=0`)).status).toBe(404)
    await admin.call('POST', `/api/v1/projects/${project}/people`, { name, role: 'viewer' })
  })

  test('no call sets a password, makes an administrator or ends an account; each says what does', async () => {
    const { name: username } = viewer.principal
    for (const [method, path, body, word] of [
      ['POST', 'users/create', { username: 'new', password: 'a password that is long' }, 'trivium people invite'],
      ['PATCH', 'users/update-password', { username, password: 'a password that is long' }, 'trivium token create'],
      ['PATCH', 'users/update-admin', { username, is_admin: true }, 'identity provider'],
      ['DELETE', 'users/delete', { username }, 'trivium people disable'],
    ] as const) {
      const { status, json } = await admin.call(method, `${api}/${path}`, body)
      expect([path, status, json.message]).toEqual([path, 400, expect.stringContaining(word)])
      expect([path, (await viewer.call(method, `${api}/${path}`, body)).status]).toEqual([path, 403])
    }
    const made = await world.kernel.db.read.selectFrom('principal').select('id').where('name', '=', 'new').execute()
    expect(made).toEqual([])
  })

  test('workspaces are the projects that the caller sees, and only who makes projects makes them', async () => {
    const other = await world.makeProject()
    const path = '/api/3.0/mlflow/workspaces'
    const seen = await viewer.call('GET', path)
    expect(seen.json.workspaces).toEqual([{ name: project }])
    expect((await viewer.call('GET', `${path}/${other}`)).status).toBe(404)
    const name = `made-${project}`
    expect((await admin.call('POST', path, { name })).status).toBe(403)
    const instance = await world.as('instance-admin')
    const made = await instance.call('POST', path, { name, description: 'Delays' })
    expect([made.status, made.json]).toEqual([201, { workspace: { name, description: 'Delays' } }])
    expect((await instance.call('GET', `${path}/${name}`)).json).toEqual({ workspace: { name, description: 'Delays' } })
    expect((await instance.call('POST', path, { name })).json.error_code).toBe('RESOURCE_ALREADY_EXISTS')
    for (const body of [{ name: 'A' }, { name: `n-${name}`, default_artifact_root: 's3://elsewhere' }])
      expect((await instance.call('POST', path, body)).status).toBe(400)
    for (const method of ['PATCH', 'DELETE'] as const)
      expect([method, (await instance.call(method, `${path}/${name}`)).status]).toEqual([method, 400])
    const there = { 'x-mlflow-workspace': name }
    const run = await instance.call('POST', `${api}/runs/create`, { experiment_id: '0' }, there)
    expect(run.status).toBe(200)
    expect((await viewer.call('GET', `${api}/experiments/get?experiment_id=0`, undefined, there)).status).toBe(404)
  })

  test('a file is put and fetched at the address that one call hands out, which only the same credentials open', async () => {
    const writer = await world.as('contributor', project)
    const run = (await writer.call('POST', `${api}/runs/create`, { experiment_id: '0' })).json.run.info.run_id as string
    const ask = (what: string, body: object) => writer.call('POST', `${api}/artifacts/presigned-${what}-url`, body)
    const up = await ask('upload', { run_id: run, path: 'plots/a b.txt' })
    const { pathname } = new URL(up.json.presigned_url)
    expect(up.json.headers.Authorization).toBe(`Bearer ${writer.token}`)
    expect((await writer.call('PUT', pathname, 'curve', up.json.headers)).status).toBe(200)
    const down = (await ask('download', { run_id: run, path: 'plots/a b.txt' })).json
    expect(down.file_size).toBe(5)
    expect((await writer.call('GET', new URL(down.presigned_url).pathname)).text).toBe('curve')
    expect((await writer.call('GET', `/get-artifact?run_id=${run}&path=plots/a%20b.txt`)).text).toBe('curve')
    const bare = await world.app.inject({ method: 'GET', url: pathname, headers: { host: 'localhost' } })
    expect(bare.statusCode).toBe(401)
    for (const [what, body] of [
      ['upload', { run_id: run, path: '../up' }],
      ['upload', { run_id: run, model_id: 'm-1', path: 'a' }],
      ['upload', { path: 'a' }],
      ['upload', { run_id: run, path: 'a', expiration: 0 }],
      ['download', { run_id: run, path: '/etc/passwd' }],
    ] as const)
      expect([body, (await ask(what, body)).status]).toEqual([body, 400])
    expect((await ask('download', { run_id: run, path: 'nothing' })).status).toBe(404)
  })

  test('a file of a version is fetched by its name, with the right to read models', async () => {
    const writer = await world.as('contributor', project)
    const run = (await writer.call('POST', `${api}/runs/create`, { experiment_id: '0' })).json.run.info.run_id as string
    await writer.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/model/weights.txt`, 'three')
    await writer.call('POST', `${api}/registered-models/create`, { name: 'a model' })
    await writer.call('POST', `${api}/model-versions/create`, { name: 'a model', source: `runs:/${run}/model` })
    const url = '/model-versions/get-artifact?name=a%20model&version=1&path=weights.txt'
    const answer = await writer.call('GET', url)
    expect([answer.text, answer.headers['x-content-type-options']]).toEqual(['three', 'nosniff'])
    expect(String(answer.headers['content-disposition'])).toContain('attachment')
    expect((await writer.call('GET', url.replace('weights', 'nothing'))).status).toBe(404)
  })
})
