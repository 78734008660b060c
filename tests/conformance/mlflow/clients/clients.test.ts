import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { clientPython } from '../client-python.ts'
import { type ClientServer, startClientServer } from '../client-server.ts'

/** Where the packages cannot be had, which says nothing about the server, the test is skipped with what the installer said. */
async function pythonOf(
  { skip }: Pick<TestContext, 'skip'>,
  name: Parameters<typeof clientPython>[0],
): Promise<string> {
  const { python, problem } = await clientPython(name)
  return python ?? skip(problem)
}

for (const dialect of ['sqlite', 'postgres'] as const) {
  describe(`clients of MLflow against a server on ${dialect}`, () => {
    let server: ClientServer
    beforeAll(async () => {
      server = await startClientServer(dialect)
    })
    afterAll(() => server?.stop())

    test('every public method of MlflowClient is called, or stands with the reason why not', async (context) => {
      const facts = await server.facts(await pythonOf(context, 'mlflow-3'), 'clients/surface.py')
      expect(facts).toMatchObject({ left: [], unknown: [] })
      expect(facts['methods']).toBeGreaterThan(140)
    })

    test('a client of 2.22 trains, logs, searches, registers and loads', async (context) => {
      const facts = await server.facts(await pythonOf(context, 'mlflow-2'), 'session.py', {
        EXPERIMENT: 'delays with MLflow 2',
        SUFFIX: 'old',
      })
      expect(facts['mlflow']).toMatch(/^2\.22\./)
      const detail = await server.get(`runs/${facts['run']}`)
      expect(detail).toMatchObject({ name: 'forest', status: 'FINISHED', params: { n_estimators: '5' } })
      expect((await server.get(`models/${facts['model']}/versions/2`)).flavors).toEqual(['python_function', 'sklearn'])
    })

    // What they log reaches the database by the same calls as above; one of the two is enough.
    test.runIf(dialect === 'sqlite')(
      'scikit-learn and XGBoost log themselves, evaluations and system metrics arrive, models load by run, version and alias',
      async (context) => {
        const facts = await server.facts(await pythonOf(context, 'mlflow-3'), 'clients/frameworks.py')
        const version = await server.get(`models/${facts['model']}/versions/1`)
        expect(version).toMatchObject({
          run: facts['boosted'],
          flavors: ['python_function', 'xgboost'],
          aliases: ['champion'],
        })
      },
    )

    test.runIf(dialect === 'sqlite')(
      'the mlflow command makes, lists, sends, fetches, deletes and restores',
      async (context) => {
        const facts = await server.facts(await pythonOf(context, 'mlflow-3'), 'clients/commands.py')
        expect((await server.get(`runs/${facts['run']}`)).params).toEqual({ depth: '3' })
      },
    )

    test.runIf(dialect === 'sqlite' && process.env['TRIVIUM_TEST_TORCH'])(
      'PyTorch logs itself through Lightning, its gradients are histograms, and its checkpoints are replayed (with TRIVIUM_TEST_TORCH=1: its packages take 5 GB)',
      async (context) => {
        const facts = await server.facts(await pythonOf(context, 'torch'), 'clients/torch_autolog.py')
        expect([facts['points'], facts['gradients']]).toEqual([4, 2])
        const { keys } = await server.get(`runs/${facts['run']}/histograms`)
        expect(keys.map(({ key }: { key: string }) => key)).toEqual([
          'gradients/layer.bias',
          'gradients/layer.weight',
          'weights/layer',
        ])
        expect(facts['recovered'].map(([step]: [number]) => step)).toEqual([0, 1, 2])
        expect((await server.get(`runs/${facts['kept']}`)).recovered).toMatchObject([{ key: 'norm', points: 3 }])
      },
    )
  })
}
