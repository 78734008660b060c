import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientPython } from './client-python.ts'
import { type ClientServer, ownPython, startClientServer, token } from './client-server.ts'

const run = promisify(execFile)
const { python = '', problem } = await clientPython('mlflow-3')
const root = join(import.meta.dirname, '../../..')

describe.skipIf(problem)(
  `histograms and replay with MLflow's client and the package trivium-tracking${problem ? `: ${problem}` : ''}`,
  () => {
    let folder = ''
    let variables: Record<string, string> = {}
    let trivium: ClientServer
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trivium-replay-test-'))
      const packages = join(folder, 'packages')
      const client = join(root, 'python/client')
      await run(ownPython, ['-m', 'pip', 'install', '-q', '--no-index', '--target', packages, client])
      variables = { PYTHONPATH: packages, TRIVIUM_CAPTURE: '' }
      trivium = await startClientServer()
    }, 120_000)
    afterAll(async () => {
      await trivium?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    /** The command, with the token of the server. */
    const command = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
      run(process.execPath, ['--conditions=trivium-source', join(root, 'packages/cli/src/main.ts'), ...args], {
        env: {
          PATH: `${join(python, '..')}:${process.env['PATH'] ?? ''}`,
          HOME: folder,
          MLFLOW_DISABLE_TELEMETRY: 'true',
          TRIVIUM_URL: trivium.url,
          TRIVIUM_TOKEN: token,
          ...variables,
          ...more,
        },
      }).then(
        (done) => ({ ...done, code: 0 }),
        (error: { stdout: string; stderr: string; code: number }) => error,
      )
    const curve = async (id: string, key: string): Promise<[number, number][]> =>
      (await trivium.get(`metric-series?runs=${id}&keys=${key}`)).series[0].points.map(
        ([step, , value]: [number, number, number]) => [step, value],
      )

    test('a histogram is the one that numpy makes, and what is no number is counted by itself', async () => {
      const { run: id, expected, gradients, refused } = await trivium.facts(python, 'log_histograms.py', variables)
      const of = async (key: string) =>
        (await trivium.get(`runs/${id}/histogram-series?key=${encodeURIComponent(key)}`)).points
      for (const [key, histogram] of Object.entries(expected)) {
        const [{ timestamp, ...point }] = await of(key)
        expect(timestamp).toBeGreaterThan(1e12)
        expect([key, point]).toEqual([key, { step: 3, ...(histogram as object) }])
      }
      expect(await of('holes')).toMatchObject([
        { step: 0, counts: [1, 1], edges: [1, 1.5, 2], count: 2, nan: 1, positiveInfinities: 2, negativeInfinities: 1 },
      ])
      expect(await of('empty')).toMatchObject([{ counts: [0], count: 0, min: null, max: null }])
      expect(await of('tiny')).toMatchObject([{ counts: [2], count: 2, min: 1 }])
      expect(await of('huge')).toMatchObject([{ counts: [2], count: 2, sum: 0, sumSquares: null }])
      expect(await of('tensor')).toMatchObject([{ counts: [1, 2], edges: [0, 0.5, 1] }])
      expect(gradients).toBe(2)
      expect(await of('gradients/conv.weight')).toMatchObject([{ step: 11, count: 4, min: -0.5, max: 0.5 }])
      expect(await of('gradients/frozen')).toEqual([])
      expect(refused).toEqual([
        'ValueError: bins is a whole number from 1 to 512, not 513.',
        'ValueError: bins is a whole number from 1 to 512, not 2.5.',
        expect.stringContaining('ValueError: could not convert string'),
        expect.stringContaining('ValueError: Complex numbers have no order'),
        expect.stringContaining('TriviumError: '),
        expect.stringContaining(`TriviumError: There is no run ${'f'.repeat(32)}`),
        expect.stringContaining('No run is active'),
      ])
    }, 120_000)

    test('a metric that was forgotten is computed from the checkpoints of the run, and never mistaken for one that was measured', async () => {
      const { run: id, bare, forgotten } = await trivium.facts(python, 'train_with_checkpoints.py', variables)
      const recover = join(import.meta.dirname, 'recover_metric.py')
      const listed = await command(['experiments', 'replay', 'no f1', '--list', '--json'])
      expect(JSON.parse(listed.stdout)).toMatchObject({
        checkpoints: [
          { step: 1, name: 'checkpoints/epoch_01.pkl' },
          { step: 2 },
          { step: 3, kind: 'logged-model', name: 'third' },
          { step: 4 },
          { step: 5 },
        ],
        unnumbered: ['checkpoints/notes.txt'],
      })
      const done = await command(['experiments', 'replay', id, '--', 'python', recover])
      expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('5 checkpoints of run') })
      expect(done.stdout).toContain('f1: 5 points recovered.')
      const { seen, left } = JSON.parse(done.stdout.split('\n').find((line) => line.startsWith('{')) ?? '')
      expect(seen.map(([step]: [number]) => step)).toEqual([1, 2, 3, 4, 5])
      expect(left).toEqual([])
      const exact = Object.entries(forgotten).map(([step, value]) => [Number(step), value])
      expect(await curve(id, 'f1')).toEqual(exact)
      expect((await trivium.get(`runs/${id}`)).recovered).toMatchObject([{ key: 'f1', points: 5 }])
      const { points } = await trivium.get(`runs/${id}/recovered-points`)
      expect(points[0]).toMatchObject({ key: 'f1', step: 1, checkpoint: `runs:/${id}/checkpoints/epoch_01.pkl` })
      // Again: the same values, and nothing changes.
      expect(await command(['experiments', 'replay', id, '--', 'python', recover])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('No point was recovered.'),
      })
      expect(await curve(id, 'f1')).toEqual(exact)
      const live = await command(['experiments', 'replay', id, '--', 'python', recover], { METRIC: 'accuracy' })
      expect(live.code).not.toBe(0)
      expect(live.stderr).toContain('TriviumError: "accuracy" was measured at step 1 while the run ran.')
      for (const args of [
        ['--', 'python', recover],
        ['--path', 'elsewhere', '--', 'python', recover],
      ]) {
        const none = await command(['experiments', 'replay', bare, ...args])
        expect(none.code).not.toBe(0)
        expect(none.stderr).toContain(`The run ${bare} has no checkpoints: nothing in the folder`)
      }
      const bareRun = { ...variables, TRIVIUM_REPLAY_RUN: bare as string }
      await expect(trivium.run(python, 'recover_metric.py', bareRun)).rejects.toThrow('has no checkpoints')
    }, 180_000)
  },
)
