import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClientServer, ownPython, startClientServer, token } from './client-server.ts'

/** The project's environment; clients of 2.22 are in `clients/`. */
const pythons = [{ name: 'MLflow 3', python: ownPython }]

for (const dialect of ['sqlite', 'postgres'] as const) {
  describe(`the unmodified MLflow client against a server on ${dialect}`, () => {
    let server: ClientServer
    beforeAll(async () => {
      server = await startClientServer(dialect)
    })
    afterAll(() => server?.stop())

    test.each(pythons)(
      '$name: a training session with autologging, artifacts, search, models and their registry',
      async ({ name, python }) => {
        const facts = await server.facts(python, 'session.py', {
          SUFFIX: name.replaceAll(' ', '-'),
          EXPERIMENT: `delays with ${name}`,
        })

        const detail = await server.get(`runs/${facts['run']}`)
        expect(detail).toMatchObject({
          name: 'forest',
          status: 'FINISHED',
          note: '# why',
          params: { n_estimators: '5' },
          tags: { team: 'ops' },
        })
        expect(detail.children).toHaveLength(2)
        expect(detail.inputs.map((input: { name: string }) => input.name)).toContain('flights')
        const version = await server.get(`models/${facts['model']}/versions/2`)
        expect(version).toMatchObject({
          run: facts['run'],
          flavors: ['python_function', 'sklearn'],
          signature: { inputs: [{ type: 'float64', shape: [-1, 4] }] },
        })
        const graph = await server.get(`lineage?urn=${encodeURIComponent(version.urn)}`)
        expect(graph.nodes.map((node: { kind: string }) => node.kind)).toEqual(expect.arrayContaining(['model', 'run']))
      },
    )

    test('the password of Basic credentials may be the token; a wrong one is told so at once', async () => {
      const script = 'credentials.py'
      const printed = await server.run(ownPython, script, {
        MLFLOW_TRACKING_TOKEN: '',
        MLFLOW_TRACKING_USERNAME: 'anyone',
        MLFLOW_TRACKING_PASSWORD: token,
      })
      expect(printed.trim()).toBe('Default')
      const started = Date.now()
      const wrong = await server
        .run(ownPython, script, { MLFLOW_TRACKING_TOKEN: 'wrong' })
        .catch((error: { stdout: string }) => error.stdout)
      expect(wrong).toContain('You are not authenticated')
      expect(Date.now() - started).toBeLessThan(60_000)
    })
  })
}
