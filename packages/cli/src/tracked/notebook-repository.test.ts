import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { spawnTrivium } from '../testing/started-server.ts'
import { run } from '../run.ts'
import { captureCode } from './capture-code.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-notebook-git-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }

async function repository(name: string) {
  const cwd = join(folder, name)
  mkdirSync(cwd, { recursive: true })
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd, env })).stdout
  const trivium = async (...args: string[]) => {
    const texts = { out: '', err: '' }
    const code = await run(
      {
        env,
        cwd,
        interactive: false,
        secret: async () => '',
        input: async () => new Uint8Array(),
        out: (text) => void (texts.out += String(text)),
        err: (text) => void (texts.err += text),
        signal: new AbortController().signal,
      },
      ['notebook', ...args],
    )
    return { code, ...texts }
  }
  const write = (path: string, text: string | Buffer) => writeFileSync(join(cwd, path), text)
  const read = (path: string) => readFileSync(join(cwd, path), 'utf8')
  return { cwd, git, trivium, write, read }
}

const notebook = (source: string, ran: boolean) =>
  `${JSON.stringify(
    {
      cells: [
        {
          cell_type: 'code',
          execution_count: ran ? 3 : null,
          metadata: {},
          outputs: ran ? [{ output_type: 'stream', name: 'stdout', text: ['seen\n'] }] : [],
          source: source.split(/(?<=\n)/),
        },
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 4,
    },
    null,
    1,
  )}\n`

test('what Git stores and shows has no outputs, a clone that has no trivium works, and undo leaves nothing', async () => {
  const { cwd, git, trivium, write, read } = await repository('mine')
  await git('init', '-qb', 'main')
  write('.gitattributes', '*.bin -text')
  write('early.ipynb', notebook('x = 1', true))
  await git('add', '.')
  await git('commit', '-qm', 'before')

  const check = await trivium('git', '--check')
  expect([check.code, check.out]).toEqual([1, expect.stringContaining('early.ipynb has outputs')])
  const made = await trivium('git')
  expect([made.code, made.out]).toEqual([0, expect.stringContaining('git add --renormalize')])
  const attributes = '*.bin -text\n*.ipynb filter=trivium-notebook diff=trivium-notebook\n'
  expect(read('.gitattributes')).toBe(attributes)
  const config = read('.git/config')
  expect((await trivium('git')).code).toBe(0)
  expect([read('.gitattributes'), read('.git/config')]).toEqual([attributes, config])

  await git('add', '--renormalize', '*.ipynb')
  const broken = Buffer.from([0x7b, 0xff, 0x0a])
  write('--odd name.ipynb', broken)
  write('late.ipynb', notebook('y = 1\nz = 2', true))
  await git('add', '.')
  await git('commit', '-qm', 'after')
  expect(await git('show', 'HEAD:early.ipynb')).toBe(notebook('x = 1', false))
  expect(await git('show', '--no-textconv', 'HEAD:late.ipynb')).toBe(notebook('y = 1\nz = 2', false))
  expect(read('late.ipynb')).toBe(notebook('y = 1\nz = 2', true))
  expect(Number(await git('cat-file', '-s', 'HEAD:--odd name.ipynb'))).toBe(broken.length)
  expect(await git('status', '--short')).toBe('')
  const second = await trivium('git', '--check')
  expect([second.code, second.out]).toEqual([1, '--odd name.ipynb is not JSON\n'])
  write('.gitattributes', `${attributes}--odd* -filter\n`)
  expect(await trivium('git', '--check')).toMatchObject({ code: 0, out: 'No notebook of the index has outputs.\n' })
  write('.gitattributes', attributes)

  // People see cells; what a run keeps of a notebook can be applied.
  write('late.ipynb', notebook('y = 1\nz = 3', true))
  expect(await git('diff')).toMatch(/\n y = 1\n-z = 2\n\+z = 3\n/)
  expect((await captureCode(cwd, env, ['python'])).patch).toContain('-    "z = 2"\n+    "z = 3"')
  await git('checkout', '--', 'late.ipynb')
  expect(read('late.ipynb')).toBe(notebook('y = 1\nz = 2', false))

  const colleague = await repository('colleague')
  await colleague.git('clone', '-q', cwd, '.')
  expect(await colleague.git('status', '--short')).toBe('')
  colleague.write('late.ipynb', notebook('y = 2', true))
  await colleague.git('commit', '-qam', 'without trivium')
  expect(await colleague.git('show', 'HEAD:late.ipynb')).toBe(notebook('y = 2', true))
  expect((await colleague.trivium('git', '--check')).out).toContain('late.ipynb has outputs')
  await git('pull', '-q', colleague.cwd, 'main')
  expect(read('late.ipynb')).toBe(notebook('y = 2', true))

  expect((await trivium('git', '--undo')).code).toBe(0)
  expect(read('.gitattributes')).toBe('*.bin -text\n')
  expect(read('.git/config')).not.toContain('trivium')
  expect((await trivium('git', '--undo')).code).toBe(0)
}, 60_000)

test('two filters are not set up on one file, and a folder without Git is told so', async () => {
  const { cwd, git, trivium, write } = await repository('other')
  expect(await trivium('git')).toMatchObject({ code: 2, err: expect.stringContaining('no repository of Git') })
  await git('init', '-q')
  write('.gitattributes', '*.ipynb filter=nbstripout\n')
  expect(await trivium('git')).toMatchObject({ code: 2, err: expect.stringContaining('"filter=nbstripout" already') })
  expect(readFileSync(join(cwd, '.git/config'), 'utf8')).not.toContain('trivium')
  rmSync(join(cwd, '.gitattributes'))
  mkdirSync(join(cwd, 'inner'))
  expect((await trivium('git')).code).toBe(0)
  expect((await trivium('git', '--undo')).code).toBe(0)
  expect(existsSync(join(cwd, '.gitattributes'))).toBe(false)
})

test('what is no notebook comes out as it went in, with a warning', async () => {
  const path = join(folder, 'half.ipynb')
  writeFileSync(path, '{"cells": [')
  const { code, out, err } = await spawnTrivium(['notebook', 'clean', path]).ended
  expect([code, out, err]).toEqual([0, '{"cells": [', `trivium: ${path} is not JSON, and stays as it is.\n`])
  writeFileSync(path, notebook('x', true))
  expect((await spawnTrivium(['notebook', 'clean', path]).ended).out).toBe(notebook('x', false))
})
