import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { enqueueStep } from './runs/create-run.ts'
import { type Bundle, endOfRun, runPipeline, statesOf, stepOf } from './pipelines.fixture.ts'

/** Three steps in a row; what a test changes is a parameter. */
function chain(
  name: string,
  change: { rows?: string; scale?: string; helper?: string; unused?: string; lock?: string; depth?: number } = {},
): Bundle {
  return {
    name,
    yaml: `
name: ${name}
params: { depth: ${change.depth ?? 3} }
code: [chain]
${change.lock === undefined ? '' : 'environment: { lock: requirements.txt }'}
steps:
  load: { run: chain.load:load, out: { table: file } }
  scale: { run: chain.scale:scale, in: { table: steps.load.table }, params: [depth], out: { scaled: file } }
  count: { run: chain.count:count, in: { scaled: steps.scale.scaled }, out: { rows: value } }
`,
    files: {
      'chain/load.py': change.rows ?? 'def load(table): open(table, "w").write("1\\n2\\n")\n',
      'chain/scale.py': `from chain import helper\n${change.scale ?? ''}\ndef scale(table, depth, scaled): open(scaled, "w").write(helper.times(open(table).read(), 2))\n`,
      'chain/helper.py': change.helper ?? 'def times(text, by): return text * by\n',
      'chain/count.py': 'def count(scaled): return {"rows": len(open(scaled).readlines())}\n',
      'chain/unused.py': change.unused ?? '',
      ...(change.lock === undefined ? {} : { 'requirements.txt': change.lock }),
    },
  }
}

/** The project's own environment, made by the set-up, has uv; without it the builder fetches uv first. */
async function useInstalledUv(data: string): Promise<void> {
  const python = join(import.meta.dirname, '../../../../../.venv/bin/python')
  if (existsSync(python)) await writeFile(join(data, 'environments.json'), JSON.stringify({ ['0'.repeat(64)]: python }))
}

describeEachDatabase('step cache', ({ world }) => {
  test('a second run takes every step from the first and says from which run', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const first = await runPipeline(client, chain('same'))
    expect(stepOf(first, 'scale').cache).toMatchObject({ outcome: 'miss', reason: 'This step has no earlier result.' })
    const second = await runPipeline(client, chain('same'))
    expect(statesOf(second)).toEqual({ load: 'cached', scale: 'cached', count: 'cached' })
    expect(second.state).toBe('finished')
    expect(stepOf(second, 'count')).toMatchObject({
      attempts: [],
      cache: { outcome: 'hit', run: { id: first.id } },
      outputs: [{ name: 'rows', value: 4 }],
    })
  })

  test('a step whose server was lost and whose result another run has made meanwhile is taken from there, and its attempt is over', async () => {
    const { kernel } = world
    const client = await world.as('maintainer', await world.makeProject())
    await runPipeline(client, chain('lost'))
    const { id: run } = await runPipeline(client, chain('lost'))
    // As a server leaves it that was killed in the middle of the step.
    const project = client.scope.project
    await kernel.db.write.transaction().execute(async (trx) => {
      const of = { project_id: project, run_id: run }
      const begun = { started_at: 1, entered_at: null, finished_at: null }
      await trx
        .insertInto('pipeline_attempt')
        .values({
          ...of,
          step: 'count',
          attempt: 1,
          state: 'running',
          ...begun,
          exit_code: null,
          boundary: null,
          error: null,
          log_digest: null,
        })
        .execute()
      const running = { state: 'running' as const, finished_at: null }
      await trx
        .updateTable('pipeline_run')
        .set(running)
        .where('project_id', '=', project)
        .where('id', '=', run)
        .execute()
      await trx
        .updateTable('pipeline_step')
        .set({ ...running, attempt: 1 })
        .where('project_id', '=', project)
        .where('run_id', '=', run)
        .where('name', '=', 'count')
        .execute()
      await enqueueStep(trx, kernel, { project, run, step: 'count', priority: 0 })
    })
    expect(stepOf(await endOfRun(client, run), 'count')).toMatchObject({
      state: 'cached',
      attempts: [{ state: 'lost', finishedAt: expect.any(Number), error: { code: 'PIPELINES.SERVER_STOPPED' } }],
    })
  })

  test('a parameter, the step’s own source, an imported module and an input are each named when they change', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const first = await runPipeline(client, chain('why'))
    const deeper = await runPipeline(client, chain('why'), { depth: 5 })
    expect(stepOf(deeper, 'load').state).toBe('cached')
    expect(stepOf(deeper, 'scale').cache).toMatchObject({
      outcome: 'miss',
      reason: 'params.depth 3 → 5',
      run: { id: first.id },
    })
    expect(stepOf(deeper, 'scale').cache?.components.filter((part) => part.changed)).toEqual([
      { part: 'params.depth', before: '3', after: '5', changed: true, detail: [] },
    ])

    const own = await runPipeline(client, chain('why', { scale: '# rounded' }))
    expect(stepOf(own, 'scale').cache?.reason).toBe('code: chain/scale.py changed')
    const imported = await runPipeline(
      client,
      chain('why', { helper: 'def times(text, by): return text * (by + 1)\n' }),
    )
    expect(stepOf(imported, 'scale').cache?.reason).toBe('code: chain/helper.py changed')
    expect(stepOf(imported, 'count').cache?.reason).toMatch(/^in\.scaled [0-9a-f]{12} → [0-9a-f]{12}$/)
    const data = await runPipeline(
      client,
      chain('why', { rows: 'def load(table): open(table, "w").write("1\\n3\\n")\n' }),
    )
    expect(stepOf(data, 'load').cache?.reason).toBe('code: chain/load.py changed')
    expect(stepOf(data, 'scale').cache?.reason).toMatch(/^in\.table [0-9a-f]{12} → [0-9a-f]{12}$/)
  })

  test('an edit of a file that a step does not import runs nothing again, and equal output stops the work there', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    await runPipeline(client, chain('early'))
    expect(statesOf(await runPipeline(client, chain('early', { unused: 'x = 1\n' })))).toEqual({
      load: 'cached',
      scale: 'cached',
      count: 'cached',
    })
    const rewritten = await runPipeline(
      client,
      chain('early', { rows: 'def load(table):\n    with open(table, "w") as f: f.write("1\\n2\\n")\n' }),
    )
    expect(statesOf(rewritten)).toEqual({ load: 'finished', scale: 'cached', count: 'cached' })
  })

  test('another lock file is another environment', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    await runPipeline(client, chain('locked'))
    await useInstalledUv(world.kernel.paths.data)
    // A lock file without packages builds in no time and is still another environment.
    const locked = await runPipeline(client, chain('locked', { lock: '# nothing\n' }))
    expect(stepOf(locked, 'load').cache?.reason).toMatch(/^environment [0-9a-f]{12} → [0-9a-f]{12}$/)
    expect(locked.state).toBe('finished')
    expect(statesOf(await runPipeline(client, chain('locked', { lock: '# nothing\n' })))).toEqual({
      load: 'cached',
      scale: 'cached',
      count: 'cached',
    })
  }, 120_000)

  test('a result whose content is gone is made again', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const first = await runPipeline(
      client,
      chain('gone', { rows: 'def load(table): open(table, "w").write("only here")\n' }),
    )
    const digest = stepOf(first, 'load').outputs[0]?.digest ?? ''
    await rm(await world.kernel.blobs.localPath(client.scope.project, digest))
    const second = await runPipeline(
      client,
      chain('gone', { rows: 'def load(table): open(table, "w").write("only here")\n' }),
    )
    expect(stepOf(second, 'load')).toMatchObject({
      state: 'finished',
      cache: { outcome: 'miss', reason: 'Output "table" of the earlier result is no longer stored.' },
    })
  })

  test('cache: never runs a step each time', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const always = {
      name: 'always',
      yaml: 'name: always\nsteps:\n  now: { kind: command, cache: never, run: [date] }\n',
    }
    await runPipeline(client, always)
    expect(stepOf(await runPipeline(client, always), 'now')).toMatchObject({
      state: 'finished',
      cache: { outcome: 'off', reason: 'The definition says cache: never.' },
    })
  })
})
