import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { runPipeline, stepOf } from './pipelines.fixture.ts'

const python = join(import.meta.dirname, '../../../../../.venv/bin/python')
const lock = '# the environment that the set-up made\n'

describeEachDatabase('pipelines and mlflow', ({ world }) => {
  test.skipIf(!existsSync(python))(
    'the unchanged mlflow client in a step logs to this server, and its run belongs to the pipeline run',
    async () => {
      await world.app.listen({ host: '127.0.0.1', port: 0 })
      await writeFile(
        join(world.kernel.paths.data, 'environments.json'),
        JSON.stringify({ [createHash('sha256').update(lock).digest('hex')]: python }),
      )
      const client = await world.as('maintainer', await world.makeProject())
      const run = await runPipeline(client, {
        name: 'train',
        yaml: 'name: train\nenvironment: { lock: requirements.txt }\nsteps:\n  train: { run: "train:train", out: { run: value } }\n',
        files: {
          'requirements.txt': lock,
          'train.py':
            'import mlflow\n\ndef train():\n    with mlflow.start_run() as run:\n        mlflow.log_param("depth", 3)\n        mlflow.log_metric("auc", 0.8)\n    return {"run": run.info.run_id}\n',
        },
      })
      expect(run.reason).toBeNull()
      const id = stepOf(run, 'train').outputs[0]?.value as string
      const logged = (await client.call('GET', `/api/v1/projects/${client.scope.project}/runs/${id}`)).json
      expect(logged).toMatchObject({ pipelineRun: run.urn })
      await world.settled(client.scope.project)
      const events = (await client.call('GET', `/api/v1/projects/${client.scope.project}/events?name=run.created`)).json
        .events
      expect(events[0].refs).toContainEqual(expect.objectContaining({ rel: 'input', urn: run.urn }))
    },
    120_000,
  )
})
