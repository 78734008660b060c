import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import type { Action } from '../command.ts'
import { notebookStep } from './notebook-step.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-notebook-step-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const work = { terminal: { env: process.env }, options: { python: 'python3' } } as unknown as Action

type Cells = readonly (readonly [source: string, ...tags: string[]])[]

function notebook(name: string, cells: Cells): string {
  const path = join(folder, name)
  const list = cells.map(([source, ...tags]) => ({
    cell_type: 'code',
    metadata: { tags },
    source: source.split(/(?<=\n)/),
    outputs: [{ output_type: 'stream', text: 'x' }],
  }))
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: list }))
  return path
}

const make = (path: string, outputs: readonly string[] = []) =>
  notebookStep(work, { do: 'make', path, name: 'late', inputs: [], outputs })

const cells: Cells = [
  ['depth = 3\nrate = 0.5', 'parameters'],
  ['import json\nimport math; half = 0.5\n%time pass\nfrom statistics import mean'],
  ['rows = [float(one) for one in open(table)]\nrows.head()'],
  ['unknown + 1', 'skip'],
  [
    "def error(values):\n    return mean(abs(one - rate) for one in values)\n\ntext = '''a\n  b'''\nscore = error(rows) * half / depth",
  ],
]

test('names that no cell gives a value are inputs, tagged values parameters, and the step computes what the cells do', async () => {
  const { module, test: tested, record, warnings } = await make(notebook('one.ipynb', cells), ['score', 'text'])
  expect(record).toMatchObject({ inputs: ['table'], parameters: { depth: 3, rate: 0.5 }, outputs: ['score', 'text'] })
  expect(warnings).toEqual([
    expect.stringMatching(/cell 2: "%time pass" is commented out/),
    expect.stringMatching(/cell 3: "rows.head\(\)" only shows something/),
  ])
  expect(module.indexOf('from statistics import mean')).toBeLessThan(module.indexOf('def late'))
  writeFileSync(join(folder, 'late.py'), module)
  writeFileSync(join(folder, 'test_late.py'), tested)
  writeFileSync(join(folder, 'table.csv'), '1\n2\n4\n')
  const python = (args: readonly string[], env = {}) =>
    promisify(execFile)('python3', args, { cwd: folder, env: { ...process.env, ...env } })
  const call = "import json; from late import late; print(json.dumps(late(table='table.csv', depth=2)))"
  const made = JSON.parse((await python(['-c', call])).stdout) as { score: number; text: string }
  expect(made.text).toBe('a\n  b')
  expect(made.score).toBeCloseTo((((0.5 + 1.5 + 3.5) / 3) * 0.5) / 2, 12)
  expect((await python(['-m', 'unittest', 'test_late'], { SAMPLE_TABLE: 'table.csv' })).stderr).toMatch(/OK\s*$/)
})

test('what cannot become a step is refused with its cell', async () => {
  await expect(make(notebook('two.ipynb', [['depth = f()', 'parameters']]))).rejects.toThrow(
    /cell 1.*parameter depth must be plain/,
  )
  await expect(make(notebook('three.ipynb', [['a = 1'], ['if:']]))).rejects.toThrow(/cell 2 is no Python/)
  await expect(make(notebook('four.ipynb', [['a = 1']]), ['b'])).rejects.toThrow(/never gives "b" a value/)
})

test('a difference shows cells without what they put out, and what was edited in the step', async () => {
  const before = notebook('before.ipynb', cells)
  const after = notebook('after.ipynb', [...cells.slice(0, 4), ['score = 1'], ['more = 2']])
  const { cells: changed } = await notebookStep(work, { do: 'compare', first: before, second: after })
  expect(changed.map((one) => [one.before, one.after])).toEqual([
    [5, 5],
    [null, 6],
  ])
  expect(changed[1]?.lines).toContain('+more = 2')
  const made = await make(before, ['score'])
  const [record, module] = [join(folder, 'late.step.json'), join(folder, 'late.py')]
  writeFileSync(record, JSON.stringify(made.record))
  writeFileSync(module, made.module)
  const since = (path: string) => notebookStep(work, { do: 'since', record_path: record, notebook: path, module })
  expect(await since(before)).toEqual({ cells: [], module: [] })
  writeFileSync(module, readFileSync(module, 'utf8').replace('* half', '* 2'))
  const { cells: later, module: edited } = await since(after)
  expect(later.map((one) => one.after)).toEqual([5, 6])
  expect(edited.filter((line) => /^[+-]/.test(line))).toHaveLength(2)
})
