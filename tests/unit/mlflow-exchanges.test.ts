import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { compare } from '../conformance/mlflow/record/compare.ts'
import { differences } from '../conformance/mlflow/record/differences.ts'
import { type Exchange, play } from '../conformance/mlflow/record/play.ts'
import { scripts } from '../conformance/mlflow/record/scripts/index.ts'

const folder = join(import.meta.dirname, '../conformance/mlflow/record/recordings')
const recordingOf = async (name: string) =>
  JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as { mlflow: string; exchanges: Exchange[] }

test.each(scripts)('the recording of $name is of the script as it is now', async (script) => {
  const { exchanges } = await recordingOf(script.name)
  expect(exchanges.map((one) => `${one.name}: ${one.request}`)).toEqual(
    script.steps.map((step) => `${step.name}: ${step.method} ${step.path}`),
  )
  expect(new Set(exchanges.map(({ name }) => name)).size).toBe(exchanges.length)
})

describeEachDatabase('exchanges that were recorded with a real MLflow server', ({ world }) => {
  test.each(scripts)(
    '$name: answered as MLflow does, but for what is named with a reason',
    async (script) => {
      const project = await world.makeProject()
      const client = await world.as('maintainer', project)
      const ours = await play(script, async ({ method, path, headers, body }) => {
        world.time.now += 10
        const { status, text } = await client.call(method as 'GET', path, body, { ...headers })
        // The workspace of MLflow's server that knows only one.
        return { status, body: text.replaceAll(`"${project}"`, '"default"') }
      })
      const { exchanges } = await recordingOf(script.name)
      const found = script.steps.flatMap((step, i) => compare(step, exchanges[i] as Exchange, ours[i] as Exchange))
      const named = new Map(
        differences
          .filter((one) => one.script === script.name)
          .flatMap((one) => one.where.map((where) => [`${where[0]} · ${where[1]}`, where[2]] as const)),
      )
      const told = Object.fromEntries(found.map((one) => [`${one.exchange} · ${one.at}`, one.ours ?? null]))
      expect(told).toEqual(Object.fromEntries(named))
    },
    60_000,
  )
})
