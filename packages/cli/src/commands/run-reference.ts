import { searchRuns } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import { UsageError } from '../fail.ts'

/** The id of a run that was named by its id or its name. */
export async function runOf(client: Client, project: string, reference: string): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(reference)) return reference
  const filter = `attributes.run_name = '${reference.replaceAll("'", '')}'`
  const { runs } = await client.call(searchRuns, {
    params: { project },
    query: { filter, columns: '', view: 'all', limit: 2 },
  })
  const [found] = runs
  if (!found) throw new UsageError(`There is no run "${reference}" in ${project}. Name it by its id or its name.`)
  if (runs.length > 1)
    throw new UsageError(
      `Several runs are named "${reference}". Name one by its id: trivium experiments runs shows them.`,
    )
  return found.id
}
