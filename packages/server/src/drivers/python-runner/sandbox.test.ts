import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPython } from '../environment-uv/find-python.ts'
import { containedEnvironment, isolated, probeBoundary, readablePaths } from './boundary.ts'
import { type ForkLimits, type ForkResult, type ForkServer, type Sandbox, startForkServer } from './fork-server.ts'
import { pythonRoot } from './python-root.ts'

const env = { PATH: process.env['PATH'] ?? '' }
const { path: python } = await findPython('', env)
const boundary = await probeBoundary(python)
const why = boundary.layers.flatMap(({ active, name, found }) => (active ? [] : [`${name}: ${found}`])).join('; ')

let root: string
let code: string
let count = 0
const servers: ForkServer[] = []
const listeners: Server[] = []
const ports: Record<'open' | 'own', number> = { open: 0, own: 0 }

const listen = async (answer: string): Promise<number> => {
  const server = createServer((socket) => void socket.on('error', () => {}).end(answer)).listen(0, '127.0.0.1')
  listeners.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as { port: number }).port
}
beforeAll(async () => {
  // As a data directory has it: nobody else may even pass.
  root = await mkdtemp(join(tmpdir(), 'trivium-sandbox-'))
  code = join(root, 'code/mine/bundle')
  for (const folder of ['code/mine/bundle', 'work/mine', 'work/theirs/one/in'])
    await mkdir(join(root, folder), { recursive: true })
  await copyFile(join(import.meta.dirname, 'attacks.fixture.py'), join(code, 'attacks.py'))
  await writeFile(join(root, 'trivium.sqlite'), 'the database')
  await writeFile(join(root, 'work/theirs/one/in/data'), 'the input of another project')
  ports.open = await listen('I was reached')
  ports.own = await listen('I am the server')
})
afterAll(async () => {
  for (const server of servers) server.close()
  for (const listener of listeners) listener.close()
  await Promise.all(servers.map((server) => server.ended))
  await rm(root, { recursive: true, force: true })
})

const reads = () => readablePaths(python, env, root, [])

async function start(
  more: Partial<Sandbox> = {},
  variables: Record<string, string> = {},
  preload = ['json'],
): Promise<ForkServer> {
  const server = await startForkServer({
    python,
    preload,
    env: { ...containedEnvironment(env, false), ...variables },
    sandbox: {
      python,
      read: [...reads(), dirname(code)],
      write: [join(root, 'work/mine')],
      network: false,
      link: { host: 'trivium.test', port: ports.own, addresses: ['127.0.0.1'] },
      identity: 64_700 + servers.length,
      processes: 512,
      ...more,
    },
  })
  servers.push(server)
  return server
}

async function step(
  server: ForkServer,
  name: string,
  input: Record<string, unknown> = {},
  limits: ForkLimits = {},
): Promise<ForkResult & { work: string; blob: string; lines: string[] }> {
  count += 1
  const id = String(count)
  const place = join(root, 'work/mine', id)
  const work = join(place, 'work')
  const blob = join(place, 'in', 'blob')
  await mkdir(work, { recursive: true })
  await mkdir(dirname(blob))
  await writeFile(blob, 'what was given')
  const lines: string[] = []
  const result = await server.run({
    id,
    workdir: work,
    path: [code],
    entry: { target: `attacks:${name}`, arguments: withBlob(input, blob) },
    env: { ...env, HOME: work, TMPDIR: work },
    limits,
    confine: { read: [...reads(), code, dirname(blob)], write: [work] },
    onLine: (line) => lines.push(line),
  })
  return { ...result, work, blob, lines }
}

const withBlob = (input: Record<string, unknown>, blob: string) => ('blob' in input ? { ...input, blob } : input)

async function attack(server: ForkServer): Promise<Record<string, string>> {
  const result = await step(server, 'attack', {
    secret: join(root, 'trivium.sqlite'),
    other: join(root, 'work/theirs/one/in/data'),
    server: userInfo().username,
    parent: process.pid,
    port: ports.open,
    own_port: ports.own,
    site: join(dirname(dirname(python)), 'lib'),
    blob: '',
  })
  expect(result.error).toBeNull()
  if (!result.returned) throw new Error(JSON.stringify(result))
  return result.returned as Record<string, string>
}
const through = (found: Record<string, string>) =>
  Object.entries(found).flatMap(([name, outcome]) => (outcome.startsWith('refused') ? [] : [`${name}: ${outcome}`]))

describe.skipIf(!boundary.contained)(`a contained step${why === '' ? '' : ` (not active: ${why})`}`, () => {
  test('is forbidden calls at other processes, at the kernel and at shared memory before these look at what is asked', async () => {
    const says = async (more: Partial<Sandbox> = {}) =>
      (await step(await start(more), 'nonsense')).returned as Record<string, string>
    const said = await says()
    expect(Object.entries(said).filter(([, what]) => what !== 'forbidden')).toEqual([])
    // And it is the filter that forbids them.
    const without = await says({ without: ['calls', 'step-calls'], identity: null })
    const reached = Object.keys(without).filter((name) => without[name] !== 'forbidden')
    expect(reached).toEqual(
      expect.arrayContaining(['ptrace', 'process_vm_readv', 'mount', 'unshare', 'keyctl', 'shmget']),
    )
    expect(Object.keys(said).length).toBe(Object.keys(without).length)
  })

  test('reaches nothing of the server, of other projects or of the network', async () => {
    const found = await attack(await start())
    expect(through(found)).toEqual([])
    expect(Object.keys(found).length).toBeGreaterThan(40)
    expect(await readFile(join(root, 'trivium.sqlite'), 'utf8')).toBe('the database')
    expect((await stat(join(root, 'trivium.sqlite'))).mode & 0o777).toBe(0o644 & ~process.umask())
  })

  test('reaches nothing under the first version of Landlock, without a user of its own either', async () => {
    expect(through(await attack(await start({ abi: 1, identity: null })))).toEqual([])
  })

  test('gets through where a layer is left out, so that each layer is what refuses', async () => {
    const files = through(await attack(await start({ without: ['filesystem', 'step-files'] }))).join('\n')
    for (const name of ['read the data directory', 'read another input', 'write to the temporary folder'])
      expect(files).toContain(name)
    await writeFile(join(root, 'trivium.sqlite'), 'the database')
    const narrow = through(await attack(await start({ without: ['step-files'] }))).join('\n')
    expect(narrow).toContain('write to an input')
    const calls = through(await attack(await start({ without: ['calls', 'step-calls'], identity: null }))).join('\n')
    for (const name of ['send a datagram', 'open a local socket', 'open it for others', 'limit the server'])
      expect(calls).toContain(name)
    const left = await step(await start({ without: ['step-calls'] }), 'daemon')
    expect(await grows(left.work)).toBe(true)
  })

  test('reaches the network where that is declared, and nothing else more', async () => {
    const found = through(await attack(await start({ network: true }))).join('\n')
    for (const name of ['connect to a port of this machine', 'send a datagram', 'listen']) expect(found).toContain(name)
    for (const name of ['local socket', 'raw socket', 'read', 'write', 'signal', 'memory'])
      expect(found).not.toContain(name)
  })

  test('is prepared by packages that are inside as well', async () => {
    const said = join(root, 'work/mine/said')
    await writeFile(
      join(code, 'hostile_package.py'),
      `import socket
said = []
for what in (lambda: open(${JSON.stringify(join(root, 'trivium.sqlite'))}), lambda: socket.create_connection(("127.0.0.1", ${ports.open}), 2)):
    try:
        what()
        said.append("got through")
    except PermissionError:
        said.append("refused")
open(${JSON.stringify(said)}, "w").write(" ".join(said))
`,
    )
    const made = await start({}, { PYTHONPATH: code }, ['hostile_package'])
    expect(await readFile(said, 'utf8')).toBe('refused refused')
    expect(made.running).toBe(0)
  })

  test('does its work: files, children, a pool, a shell, and the server that it belongs to', async () => {
    for (const more of [{}, { abi: 1, identity: null }]) {
      const { returned, error } = await step(await start(more), 'allowed', { own_port: ports.own, blob: '' })
      expect(error).toBeNull()
      expect(returned).toEqual({
        answers: ['I am the server', 'I am the server'],
        input: 'what was given',
        terminated: -15,
        killed: -9,
        squares: [1, 2],
        home: true,
        mode: '0o600',
        zone: true,
        lines: 'from a shell\n',
      })
    }
  })

  test('leaves no process behind, whatever session it hides in', async () => {
    const { returned, work } = await step(await start(), 'daemon')
    expect(returned).toBeGreaterThan(0)
    expect(await grows(work)).toBe(false)
  })

  test.each(['server', 'fork server'])(
    'is ended with all that it has started when the %s is killed, whatever session that hides in',
    async (victim) => {
      const work = join(root, `work/mine/killed ${victim}`)
      await mkdir(work)
      const config = {
        argv: [python, '-u', '-m', 'trivium_runner.fork_server', ''],
        read: [...reads(), dirname(code)],
        write: [join(root, 'work/mine')],
        network: false,
        link: null,
        identity: null,
        processes: 512,
      }
      // The shell stands for the server: broker and fork server are its children, and have its end of the pipe.
      const server = spawn(
        'sh',
        ['-c', 'exec 3<&0; "$@" <&3 & wait', 'sh', python, ...isolated('main'), JSON.stringify(config)],
        {
          cwd: pythonRoot,
          env: containedEnvironment(env, false),
          stdio: ['pipe', 'ignore', 'ignore'],
        },
      )
      const entry = { argv: [python, '-c', 'import attacks; attacks.daemon(); import time; time.sleep(60)'] }
      const confine = { read: [...reads(), code], write: [work], network: false, link: null, abi: null, without: [] }
      const request = { op: 'run', id: 'killed', workdir: work, env: { ...env, PYTHONPATH: code }, confine, ...entry }
      server.stdin.write(`${JSON.stringify(request)}\n`)
      await expect
        .poll(
          () =>
            stat(join(work, 'alive')).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
      if (victim === 'server') {
        server.kill('SIGKILL')
        server.stdin.destroy()
      } else {
        const [broker = 0] = await childrenOf(server.pid ?? 0)
        const [forkServer = 0] = await childrenOf(broker)
        process.kill(forkServer, 'SIGKILL')
      }
      await expect.poll(() => grows(work), { timeout: 10_000 }).toBe(false)
      server.kill('SIGKILL')
      server.stdin.destroy()
    },
  )

  test('is ended at its limits of memory, processes and disk, which are named', async () => {
    const server = await start()
    const [one, many, bomb, large] = await Promise.all([
      step(server, 'memory', {}, { memoryBytes: 200_000_000 }),
      step(server, 'memory_of_many', {}, { memoryBytes: 200_000_000 }),
      step(server, 'bomb', {}, { processes: 40 }),
      step(server, 'large', {}, { fileBytes: 20_000_000 }),
    ])
    expect([one.limit, one.error?.type]).toEqual(['memory', 'MemoryError'])
    expect([many.limit, many.signal]).toEqual(['memory', 9])
    expect([bomb.limit, bomb.signal]).toEqual(['processes', 9])
    expect([large.limit, large.error?.type]).toEqual(['disk', 'OSError'])
    // And all steps of a server together are bounded by the kernel, whatever each was given.
    const together = (await step(server, 'most_processes')).returned as number
    expect(together).toBeGreaterThan(512)
    expect(together).toBeLessThan(10_000)
  })

  test('is ended when its time is over, though it does not listen', async () => {
    const server = await start()
    setTimeout(() => server.cancel(String(count), 0.2), 300)
    expect(await step(server, 'forever')).toMatchObject({ signal: 9, exitCode: null })
  })
})

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}

async function grows(work: string): Promise<boolean> {
  const size = async () => (await stat(join(work, 'alive'))).size
  const before = await size()
  await new Promise((resolve) => setTimeout(resolve, 300))
  return (await size()) > before
}
