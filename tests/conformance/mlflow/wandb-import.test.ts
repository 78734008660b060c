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
      await run(python, [join(import.meta.dirname, 'wandb_run.py')], { cwd: folder, env: { PATH, HOME: folder } })
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
