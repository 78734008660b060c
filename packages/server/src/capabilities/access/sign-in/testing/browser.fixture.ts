import type { World } from '@trivium/testing'

/** A request as a page of the server makes it, with the cookie that comes back. */
export async function request(
  world: World,
  method: 'POST' | 'PUT' | 'GET',
  url: string,
  payload: object | undefined,
  headers: Record<string, string> = {},
) {
  const answer = await world.app.inject({
    method,
    url,
    headers: { host: 'localhost', origin: 'http://localhost', ...headers },
    ...(payload ? { payload } : {}),
  })
  const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0] as string
  return { status: answer.statusCode, json: answer.json(), cookie, headers: answer.headers }
}

/** Signs somebody in by a link; the cookie of the browser. */
export async function linked(world: World, name: string): Promise<string> {
  const link = await (await world.as('instance-admin')).call('POST', '/api/v1/login-links', { name })
  const token = String(link.json.path).split('token=')[1]
  return (await request(world, 'POST', '/api/v1/login', { token })).cookie
}

let people = 0

/** A new viewer of the project `default`, signed in by a link. */
export async function newPerson(world: World): Promise<{ name: string; cookie: string }> {
  people += 1
  const name = `holder-${people}-${world.kernel.db.dialect}`
  await (await world.as('instance-admin')).call('POST', '/api/v1/projects/default/people', { name, role: 'viewer' })
  return { name, cookie: await linked(world, name) }
}
