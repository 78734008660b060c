import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spawnTrivium, type StartedServer, startServer } from './testing/started-server.ts'

const examples = join(import.meta.dirname, '../../../examples/plug-ins')
let server: StartedServer
let folder: string
beforeAll(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'trivium-plug-ins-'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const plugIn = async (path: string, text: string, mode = 0o755) => {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
  await chmod(join(folder, path), mode)
}
const shell = '#!/bin/sh\n'

test('a program on the path is a command: it gets its arguments, who is signed in, and says how it ended', async () => {
  const shown = '[${TRIVIUM_URL-none}] [${TRIVIUM_TOKEN-none}] [${TRIVIUM_PROJECT-none}]'
  await plugIn('one/trivium-show', `${shell}echo "$# $1 $2 ${shown}"\nexit 7\n`)
  await plugIn('one/trivium-runs', `${shell}echo mine\n`)
  await plugIn('one/trivium-notes.txt', shell)
  await plugIn('one/trivium-plain', shell, 0o644)
  await plugIn('two/trivium-show', `${shell}echo second\n`)
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await plugIn('trivium-here', `${shell}echo mine\n`)
  const env = { PATH: `${relative(process.cwd(), folder)}:${one}:${two}:${process.env['PATH']}` }

  const known = { ...env, TRIVIUM_URL: 'http://127.0.0.1:9', TRIVIUM_TOKEN: 'mine' }
  const called = await spawnTrivium(['--project', 'air', 'show', '--json', 'a b'], known).ended
  expect([called.code, called.out]).toEqual([7, '2 --json a b [http://127.0.0.1:9] [mine] [air]\n'])
  const unknown = await spawnTrivium([`--data=${folder}`, 'show'], env).ended
  expect([unknown.code, unknown.out]).toEqual([7, '0   [none] [none] [none]\n'])

  const listed = await spawnTrivium(['plugins', '--json'], env).ended
  expect(listed.json).toEqual([
    { name: 'runs', path: join(one, 'trivium-runs'), state: 'built in' },
    { name: 'show', path: join(one, 'trivium-show'), state: 'used' },
    { name: 'show', path: join(two, 'trivium-show'), state: 'shadowed' },
  ])
  expect(
    (await spawnTrivium(['runs'], env).ended).out + (await spawnTrivium(['runs', '--help'], env).ended).out,
  ).not.toContain('mine')
  expect((await spawnTrivium(['here'], env).ended).code).toBe(2)
  const nothing = await spawnTrivium(['plain'], env).ended
  expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining("unknown command 'plain'")])
}, 60_000)

test('the example makes a report of what a team noted on its runs', async () => {
  const env = (await server.trivium(['env', '--json'])).json as { TRIVIUM_TOKEN: string }
  const call = async (path: string, body?: object) =>
    // biome-ignore lint: tests look into answers of every shape
    (await (
      await fetch(`${server.ready.url}/api/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${env.TRIVIUM_TOKEN}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    ).json()) as any
  const runs = [
    ['first', 'north', 0.5],
    ['second', 'north', 0.75],
    ['third', 'so|uth', 0.625],
  ] as const
  for (const [name, team, auc] of runs) {
    const { id } = await call('v1/projects/default/runs', { experiment: 'late flights', name, tags: { team } })
    await call('2.0/mlflow/runs/log-metric', { run_id: id, key: 'auc', value: auc, timestamp: 1, step: 0 })
  }
  const path = { PATH: `${examples}:${process.env['PATH']}`, TRIVIUM_URL: server.ready.url }
  const made = await spawnTrivium(['best-by-tag', 'late flights', 'auc'], { ...path, ...env }).ended
  expect([made.code, made.err, made.out]).toEqual([
    0,
    '',
    expect.stringMatching(/^rep_\w+: the best of 2 values of team\.\n$/),
  ])
  const report = await call(`v1/projects/default/reports/${made.out.split(':')[0]}`)
  expect(report.text).toContain('| north | second | 0.75 |\n| so\\|uth | third | 0.625 |')
  expect((await call('v1/projects/default/reports')).reports).toHaveLength(1)

  const refused = await spawnTrivium(['best-by-tag', 'nothing', 'auc'], { ...path, ...env }).ended
  expect([refused.code, refused.err]).toEqual([1, 'There is no experiment "nothing".\n'])
}, 60_000)
