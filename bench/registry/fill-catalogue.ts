import type { World } from '@trivium/testing'

export const modelName = (i: number): string => `model-${String(i).padStart(7, '0')}`
export const hex = (i: number, length: number): string => i.toString(16).padStart(length, '0')

const batch = 500
/** Released so that pages about use have something to read: one model in so many. */
export const deployedEvery = 1000
/** The model with many versions. */
export const busiest = 'busiest'
const busyVersions = 5000

/** Writes a catalogue into the tables, by rows: models with a version, a tag, an alias and an event each, one in a thousand deployed; one model with many versions. */
export async function fillCatalogue(
  world: World,
  { models, experiments, principal }: { models: number; experiments: number; principal: string },
): Promise<void> {
  const { db } = world.kernel
  const { project } = world
  const client = await world.as('contributor')
  for (let i = 0; i < experiments; i += 1)
    await world.capabilities.tracking.createExperiment(client.scope, { name: `experiment-${i}`, tags: [] })
  const files = JSON.stringify({
    MLmodel: { digest: 'a'.repeat(64), size: 400 },
    'model.onnx': { digest: 'b'.repeat(64), size: 90_000 },
  })
  const own = { project_id: project, created_by: principal }
  const at = (i: number): number => 1_000_000_000_000 + i
  const version = (model: string, number: number, i: number) => ({
    ...own,
    model,
    version: number,
    state: 'ready' as const,
    stage: 'None',
    description: '',
    source: `runs:/${hex(i, 32)}/model`,
    run_id: hex(i, 32),
    run_link: '',
    logged_model_id: null,
    pipeline_run: null,
    artifact_owner: `run/${hex(i, 32)}`,
    artifact_path: 'model',
    artifact_digest: hex(i, 64),
    files,
    flavors: '["onnx","python_function"]',
    signature: null,
    onnx: 'model.onnx',
    gate: null,
    gate_reason: null,
    approval: null,
    approval_item: null,
    authors: '[]',
    deleted_at: null,
    notes: '{}',
    pickles: '[]',
    created_at: at(i),
    updated_at: at(i),
  })
  const model = (name: string, i: number, last: number) => ({
    ...own,
    name,
    description: `Number ${i}.`,
    approval_policy: 'none' as const,
    productive: 0,
    retraining: null,
    last_version: last,
    created_at: at(i),
    updated_at: at(i),
  })
  for (let start = 0; start < models; start += batch) {
    const some = Array.from({ length: Math.min(batch, models - start) }, (_, i) => start + i)
    await db.write.transaction().execute(async (trx) => {
      await trx
        .insertInto('model')
        .values(some.map((i) => model(modelName(i), i, 1)))
        .execute()
      const tagged = some.map((i) => ({
        project_id: project,
        model: modelName(i),
        key: 'team',
        value: `team-${i % 100}`,
      }))
      await trx.insertInto('model_tag').values(tagged).execute()
      await trx
        .insertInto('model_version_tag')
        .values(tagged.map((one) => ({ ...one, version: 1 })))
        .execute()
      await trx
        .insertInto('model_alias')
        .values(
          some.map((i) => ({
            project_id: project,
            model: modelName(i),
            alias: 'champion',
            version: 1,
            set_at: at(i),
            set_by: principal,
          })),
        )
        .execute()
      for (const part of [some.slice(0, batch / 2), some.slice(batch / 2)].filter((one) => one.length > 0))
        await trx
          .insertInto('model_version')
          .values(part.map((i) => version(modelName(i), 1, i)))
          .execute()
      // Numbered below all others: readers of a model find them, whoever follows events does not.
      await trx
        .insertInto('event')
        .values(
          some.map((i) => ({
            id: `evt_bench${hex(i, 12)}`,
            seq: -1 - i,
            project_id: project,
            name: 'model-version.registered',
            schema_version: 1,
            at: at(i),
            event_time: null,
            by: principal,
            subject: `trivium://${project}/model/${modelName(i)}@1`,
            refs: '[]',
            data: '{}',
            xid: 0,
          })),
        )
        .execute()
      const deployed = some.filter((i) => i % deployedEvery === 0)
      if (deployed.length === 0) return
      await trx
        .insertInto('deployment')
        .values(
          deployed.map((i) => ({
            ...own,
            name: `deployment-${i}`,
            current_release: `rel_${i}`,
            latest_number: 1,
            latest_seq: 1,
            created_at: at(i),
            // Retired, so that no gateway starts for them.
            retired_at: at(i) + 1,
            requests_per_minute: null,
          })),
        )
        .execute()
      await trx
        .insertInto('release')
        .values(
          deployed.map((i) => ({
            ...own,
            id: `rel_${i}`,
            deployment: `deployment-${i}`,
            number: 1,
            digest: hex(i, 64),
            manifest: JSON.stringify({ format: 'onnx', model: modelName(i), version: 1 }),
            views: '[]',
            created_at: at(i),
          })),
        )
        .execute()
      await trx
        .insertInto('deployment_activation')
        .values(
          deployed.map((i) => ({
            project_id: project,
            deployment: `deployment-${i}`,
            seq: 1,
            release_id: `rel_${i}`,
            kind: 'deploy' as const,
            at: at(i),
            event_time: at(i),
            by_id: principal,
            reason: null,
          })),
        )
        .execute()
    })
  }
  await db.write.transaction().execute((trx) =>
    trx
      .insertInto('model')
      .values([model(busiest, models, busyVersions)])
      .execute(),
  )
  for (let start = 0; start < busyVersions; start += batch / 2)
    await db.write.transaction().execute((trx) =>
      trx
        .insertInto('model_version')
        .values(Array.from({ length: batch / 2 }, (_, i) => version(busiest, start + i + 1, models + start + i)))
        .execute(),
    )
}
