import { listPeople } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import { FailedError } from './fail.ts'

/** The id of a person or service account of the project by name; an id stays what it is. */
export async function principalId(client: Client, project: string, name: string): Promise<string> {
  if (/^(prn_|system:)/.test(name)) return name
  const { people } = await client.call(listPeople, { params: { project } })
  const found = people.find((person) => person.name === name)
  if (!found)
    throw new FailedError(`Nobody in ${project} is called "${name}". See "trivium people list", or give an id.`)
  return found.id
}
