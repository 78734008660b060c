import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { clientPython } from './client-python.ts'
import { startClientServer, token } from './client-server.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../../packages/cli/src/main.ts')
const { python = '', problem } = await clientPython('wandb')

test.skipIf(problem)(
  `an offline run that the real client of Weights & Biases made comes with its console and files, once${problem ? `: ${problem}` : ''}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trivium-wandb-'))
    const trivium = await startClientServer()
    try {
      const PATH = process.env['PATH'] ?? ''
      await run(python, [join(import.meta.dirname, 'wandb_run.py'), 'media'], {
        cwd: folder,
        env: { PATH, HOME: folder },
      })
      const bring = async () => {
        const args = ['--conditions=trivium-source', program, '--json', 'import', 'wandb', join(folder, 'wandb')]
        const { stdout } = await run(process.execPath, args, {
          env: { PATH, TRIVIUM_URL: trivium.url, TRIVIUM_TOKEN: token },
        })
        return JSON.parse(stdout) as any
      }
      const { report } = await bring()
      expect(report).toMatchObject({ verified: true })
      expect(report.experiments.map((one: any) => [one.name, one.here.runs])).toEqual([['flights', 1]])
      const [first] = (await trivium.get('runs')).runs
      expect(first).toMatchObject({ name: 'first', status: 'FINISHED' })
      const wrote = async () => (await trivium.get(`runs/${first.id}/console`)).lines.map((line: any) => line.text)
      expect(await wrote()).toEqual(expect.arrayContaining(['step 0', 'step 4', 'end']))
      const { entries: files } = await trivium.get(`runs/${first.id}/artifacts`)
      expect(files.map(({ path }: any) => path)).toEqual(expect.arrayContaining(['note.txt', 'wandb-summary.json']))
      const { entries } = await trivium.get(`runs/${first.id}/artifacts?recursive=true`)
      const paths: string[] = entries.filter(({ isDirectory }: any) => !isDirectory).map(({ path }: any) => path)
      const named = (pattern: RegExp) => paths.filter((path) => pattern.test(path)).length
      expect(
        [30, 40].map((step) => named(new RegExp(`^images/val#mask%step%${step}%timestamp%\\d+%\\w+\\.png$`))),
      ).toEqual([1, 1])
      expect([0, 1].map((at) => named(new RegExp(`^images/pairs#${at}%step%30%`)))).toEqual([1, 1])
      expect(paths).toEqual(
        expect.arrayContaining([
          'tables/answers/step-30.json',
          'tables/answers/step-40.json',
          'histograms/weights.json',
        ]),
      )
      expect(named(/^media\/images\//)).toBe(0)
      // The client names files by a step that is not always the one of the history; the index has that.
      const index: any[] = await trivium.get(`runs/${first.id}/artifacts/file?path=media.json`)
      const steps = (key: string) =>
        index.filter((one) => one.key === key && paths.includes(one.path)).map(({ step }) => step)
      expect([steps('sound'), steps('page'), steps('val/mask')]).toEqual([
        [30, 40],
        [30, 40],
        [30, 40],
      ])
      expect(index.find(({ key }) => key === 'sound').caption).toBe('beep')
      expect(report.skipped.map(({ what }: any) => what)).toEqual([expect.stringContaining('"filler"')])
      const lines = await wrote()
      expect((await bring()).report.unchangedRuns).toBe(1)
      expect(await wrote()).toEqual(lines)
    } finally {
      await trivium.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
  120_000,
)
