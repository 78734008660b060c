import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { isSealed } from '../../kernel/subjects/index.ts'
import { endOfRun, savePipeline, startRun, stepOf } from './pipelines.fixture.ts'

const yaml = `
name: copies
steps:
  copy: { run: "steps:copy", in: { rows: "dataset:customers@latest" }, out: { file: file } }
`
const code = `
import os, shutil

def copy(rows, file):
    [name] = os.listdir(rows)
    shutil.copy(os.path.join(rows, name), file)
`

describeEachDatabase('inputs of steps that are sealed', ({ world }) => {
  let project: string
  /** What a run of this client gave its step, and whether it ran. */
  const seen = async (client: Client): Promise<{ value: unknown; state: string }> => {
    const run = await endOfRun(client, (await startRun(client, 'copies')).id)
    const step = stepOf(run, 'copy')
    const digest = String(step.outputs.find(({ name }) => name === 'file')?.digest)
    const { rows } = await world.kernel.tables.query({
      sql: 'select email from data',
      relations: { data: { format: 'parquet', files: [await world.kernel.blobs.localPath(project, digest)] } },
      trusted: true,
    })
    return { value: rows[0]?.[0], state: step.state }
  }

  beforeAll(async () => {
    await world.app.listen({ host: '127.0.0.1', port: 0 })
    project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const at = `/api/v1/projects/${project}/datasets/customers`
    await client.call('PUT', at, { personal: ['email'], subjectColumn: 'customer' })
    const added = await client.call('POST', `${at}/versions?format=csv`, 'customer,email\nada,ada@x\n', {
      'content-type': 'text/csv',
    })
    if (added.status !== 200) throw new Error(added.text)
    const saved = await savePipeline(client, { name: 'copies', yaml, files: { 'steps.py': code } })
    if (saved.status !== 200) throw new Error(saved.text)
  }, 60_000)

  test('are open for a run whose starter may read what is personal, sealed for another, and neither takes the other one’s result', async () => {
    const trusted = await world.as('maintainer', project)
    const reader = await world.as('contributor', project)
    expect(await seen(trusted)).toEqual({ value: 'ada@x', state: 'finished' })
    const other = await seen(reader)
    expect([isSealed(other.value), other.state]).toEqual([true, 'finished'])
    expect(await seen(trusted)).toEqual({ value: 'ada@x', state: 'cached' })
    const { subjects, db } = world.kernel
    const ref = await subjects.resolve(project, 'ada')
    const { id } = await db.write.transaction().execute((trx) => subjects.erase(trx, ref, 'prn_admin'))
    await world.capabilities.datasets.subjects.erase({ project, subject: 'ada', keyId: id })
    expect(await seen(trusted)).toEqual({ value: 'redacted', state: 'finished' })
  }, 120_000)
})
