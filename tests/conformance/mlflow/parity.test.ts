import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockedRequirements } from '../../../packages/server/src/capabilities/registry/parity/locked-requirements.ts'
import { ownPython, startClientServer, token } from './client-server.ts'

const requirements = join(import.meta.dirname, '../../../python/requirements.txt')

test.each(['sqlite', 'postgres'] as const)(
  'a scikit-learn model and its ONNX agree on the recorded predictions of a deployment, and a wrong conversion is not released, on %s',
  async (dialect) => {
    const server = await startClientServer(dialect)
    const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; json: any }> => {
      const answer = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, json: await answer.json() }
    }
    const api = '/api/v1/projects/default'
    try {
      const facts = await server.facts(ownPython, 'parity.py', { REQUIREMENTS: requirements })
      expect(facts['versions']).toEqual([1, 2, 3])
      const rows = facts['rows'] as Record<string, number>[]
      // MLflow's client adds itself to the list that it was given, without a hash.
      const logged = facts['requirements'] as string
      expect(logged).toMatch(/^mlflow==[\d.]+$/m)
      // On one of the two the environment is built from that list; on the other the project's own is taken for it.
      if (dialect === 'postgres') {
        const lock = createHash('sha256').update(lockedRequirements(logged) ?? '')
        await writeFile(join(server.data, 'environments.json'), JSON.stringify({ [lock.digest('hex')]: ownPython }))
      }

      // The inputs are what our own serving was asked and wrote down.
      const deployed = await call('POST', `${api}/deployments`, { name: 'cancer', model: 'cancer/1' })
      expect(deployed.status, JSON.stringify(deployed.json)).toBe(201)
      const answer = await call('POST', '/deployments/cancer/predict', { rows: rows.map((inputs) => ({ inputs })) })
      expect(answer.status, JSON.stringify(answer.json)).toBe(200)
      await expect
        .poll(async () => (await server.get('deployments/cancer/predictions?limit=500'))['predictions'].length, {
          timeout: 60_000,
        })
        .toBe(rows.length)

      const compare = async (version: number) =>
        call('POST', `${api}/models/cancer/versions/${version}/parity`, {
          original: 'cancer-sklearn/1',
          predictions: { deployment: 'cancer' },
          method: 'predict_proba',
        })
      const same = await compare(1)
      expect(same.status, JSON.stringify(same.json)).toBe(200)
      expect(same.json).toMatchObject({
        verdict: 'passed',
        data: { ran: 'python', source: { kind: 'predictions' }, rows: rows.length, of: rows.length, beyond: 0 },
      })
      expect(same.json.data.columns.map((one: { converted: string }) => one.converted)).toEqual([
        'probabilities_0',
        'probabilities_1',
      ])
      // 32-bit against 64-bit floats: not the same bits, and far less than the tolerance.
      const far = same.json.data.columns[1].largestAbsolute as number
      expect(far).toBeGreaterThan(0)
      expect(far).toBeLessThan(1e-5)

      const unscaled = await compare(2)
      expect(unscaled.json.verdict).toBe('failed')
      // Nearly all; the surest cases are sure either way.
      expect(unscaled.json.data.low).toBeGreaterThan(0.9)
      // What was recorded of the served version stands for its original too, without Python; and a wide tolerance is kept with the verdict.
      const recorded = async (version: number, tolerance: object = {}) =>
        call('POST', `${api}/models/cancer/versions/${version}/parity`, {
          recorded: { probabilities_1: 'output.probabilities_1' },
          predictions: { deployment: 'cancer' },
          tolerance,
        })
      const again = await recorded(1)
      expect(again.json).toMatchObject({ verdict: 'passed', data: { ran: 'recorded', rows: rows.length } })
      const loose = await recorded(3, { absolute: 0.01 })
      expect(loose.json).toMatchObject({ verdict: 'passed', data: { beyond: 0, tolerance: { absolute: 0.01 } } })
      const rounded = await compare(3)
      expect(rounded.json.verdict).toBe('failed')
      expect(rounded.json.data.columns[1].largestAbsolute).toBeLessThan(0.01)

      for (const version of [2, 3]) {
        const refused = await call('POST', `${api}/deployments`, { name: 'cancer', model: `cancer/${version}` })
        expect([refused.status, refused.json.detail]).toEqual([
          409,
          expect.stringMatching(/Its parity test failed: It differs from cancer-sklearn v1/),
        ])
      }
      expect((await server.get('deployments/cancer'))['current'].manifest.version).toBe(1)

      // The same as a pipeline: the gate lets the right one through and stops the wrong one.
      const release = async (version: number, original: string): Promise<any> => {
        const yaml = `name: release
steps:
  parity:
    kind: parity
    in: { model: "model:cancer@${version}", original: "model:${original}" }
    with: { predictions: cancer, method: predict_proba, outputs: { probabilities_1: probabilities_1 } }
  gate:
    kind: gate
    in: { model: "model:cancer@${version}", parity: steps.parity.parity }
    with: { rules: [{ evidence: parity, require: passed }] }
  deploy:
    kind: deploy
    in: { model: steps.gate.model }
    with: { deployment: cancer }
`
        const saved = await call('PUT', `${api}/pipelines/release`, { yaml, files: {} })
        expect(saved.status, JSON.stringify(saved.json)).toBe(200)
        const { json } = await call('POST', `${api}/pipelines/release/runs`, {})
        const run = () => server.get(`pipeline-runs/${json.id}`)
        await expect.poll(async () => (await run())['state'], { timeout: 60_000 }).not.toMatch(/queued|running|waiting/)
        return run()
      }
      const wrong = await release(2, 'cancer@1')
      expect(wrong, JSON.stringify(wrong)).toMatchObject({ state: 'rejected' })
      expect(JSON.stringify(wrong)).toContain('It differs from cancer v1')
      const right = await release(1, 'cancer-sklearn@1')
      expect(right, JSON.stringify(right)).toMatchObject({ state: 'finished' })
    } finally {
      await server.stop()
    }
  },
  // Packages are installed, and Python starts half a dozen times.
  1_200_000,
)
