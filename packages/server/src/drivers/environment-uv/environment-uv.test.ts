import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inheritedEnvironment } from '../../kernel/config/index.ts'
import { createEnvironmentBuilder } from './environment-builder.ts'
import { findPython } from './find-python.ts'
import { runProgram } from './run-program.ts'

let folder: string
let python: string
const env = inheritedEnvironment()
const lock = (text: string) => Buffer.from(text)
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-environments-'))
  python = (await findPython('', env)).path
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const builder = async (name: string, more: { python?: string; prebuilt?: string } = {}) => {
  const root = join(folder, name)
  await mkdir(root, { recursive: true })
  return {
    root,
    built: createEnvironmentBuilder({
      root: join(root, 'environments'),
      python: more.python ?? python,
      prebuilt: more.prebuilt ?? join(root, 'environments.json'),
      env,
    }),
  }
}

/** A program that looks like Python as far as the script says. */
async function fakePython(name: string, script: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

test('without a lock file the interpreter itself is the environment, and its digest knows the version', async () => {
  const { built } = await builder('plain')
  const environment = await built.build(undefined, () => {})
  expect(environment).toEqual({ python, digest: await built.digestOf(undefined) })
  expect(await built.digestOf(lock('six==1.0\n'))).not.toBe(environment.digest)
})

test('no Python on the machine is said plainly, with what was tried', async () => {
  const { built } = await builder('none', { python: '/no/such/python' })
  await expect(built.build(undefined, () => {})).rejects.toMatchObject({
    code: 'PYTHON.NOT_FOUND',
    message: expect.stringContaining('/no/such/python does not answer'),
  })
  const old = await builder('old', {
    python: await fakePython('old-python', 'echo /old/python; echo 3.8.10; echo cpython-linux-x86_64'),
  })
  await expect(old.built.build(undefined, () => {})).rejects.toMatchObject({
    code: 'PYTHON.NOT_FOUND',
    message: expect.stringContaining('is 3.8.10'),
  })
})

test('a Python without venv is said plainly, with the package that has it', async () => {
  const bare = await fakePython(
    'bare-python',
    'case "$2" in *sys.executable*) echo "$0"; echo 3.12.1; echo cpython-linux-x86_64 ;; *) echo "No module named venv" >&2; exit 1 ;; esac',
  )
  const { built } = await builder('bare', { python: bare })
  await expect(built.build(lock('six==1.17.0\n'), () => {})).rejects.toMatchObject({
    code: 'PYTHON.NO_VENV',
    message: expect.stringContaining(
      'it has no "venv" module. Install the package that has it (on Debian: python3-venv)',
    ),
  })
})

test('a prebuilt environment that environments.json names by its lock is taken as it is', async () => {
  const { root, built } = await builder('prebuilt')
  const content = lock('numpy==2.0.0\n')
  await mkdir(join(root, 'venv', 'bin'), { recursive: true })
  const interpreter = join(root, 'venv', 'bin', 'python')
  await symlink(python, interpreter)
  const before = await built.digestOf(content)
  await writeFile(join(root, 'environments.json'), JSON.stringify({ [sha256(content)]: interpreter }))
  expect(await built.build(content, () => {})).toEqual({ digest: before, python: interpreter })
  expect(await readdir(root)).not.toContain('environments')
})

test('two that ask at once share one build; what uv refuses is passed on in its words and leaves nothing', async () => {
  const { root, built } = await builder('build')
  const lines: string[] = []
  const [a, b] = await Promise.all([
    built.build(lock('# nothing\n'), (line) => lines.push(line)),
    built.build(lock('# nothing\n'), (line) => lines.push(line)),
  ])
  expect(a).toEqual(b)
  expect(lines.filter((line) => line.startsWith('Building the environment'))).toHaveLength(1)
  expect((await runProgram(a.python, ['-c', 'import sys; print(sys.prefix)'], { env })).stdout.trim()).toBe(
    join(root, 'environments', a.digest),
  )
  const again: string[] = []
  expect(await built.build(lock('# nothing\n'), (line) => again.push(line))).toEqual(a)
  expect(again).toEqual([])
  await expect(built.build(lock('six==1.17.0\n'), () => {})).rejects.toMatchObject({
    code: 'ENVIRONMENT.BUILD_FAILED',
    message: expect.stringContaining('hash'),
  })
  expect((await readdir(join(root, 'environments'))).filter((name) => !name.startsWith('uv-'))).toEqual([a.digest])
}, 120_000)
