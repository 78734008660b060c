import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addIdea, changeIdea, createExperiment, createReport, linkIdeaRuns, searchRuns } from '@trivium/contract'
import type { Client } from './client.ts'

/** What is learned of an experiment: the idea that its runs try, written down before the first of them, and a report about them. */
export interface Findings {
  /** Says of all runs so far that they try the idea, and writes the report; returns its id. */
  write(): Promise<string>
}

const idea = {
  title: 'A model of the last weeks keeps up with the season',
  hypothesis:
    'Trained anew on the last eight weeks whenever a monitor asks for it, log loss on the newest week stays within 0.03 of the evaluation, because what changes is the weather and not the airports.',
  source: 'the people at the gates',
}

/** Chooses an idea for an experiment before anything was tried. */
export async function beginFindings(people: Client, project: string, experiment: string): Promise<Findings> {
  const { id } = await people.call(createExperiment, { params: { project }, body: { name: experiment } })
  const params = { project, experiment: id }
  const { id: chosen } = await people.call(addIdea, { params, body: idea })
  await people.call(changeIdea, { params: { project, idea: chosen }, body: { state: 'chosen' } })
  return {
    write: async () => {
      const query = { experiment: id, limit: 100, columns: '' }
      const { runs } = await people.call(searchRuns, { params: { project }, query })
      if (runs.length > 0)
        await people.call(linkIdeaRuns, {
          params: { project, idea: chosen },
          body: { runs: runs.map((run) => run.id) },
        })
      const text = readFileSync(join(import.meta.dirname, 'findings.md'), 'utf8')
      const body = { title: 'What each retraining brought', text }
      return (await people.call(createReport, { params: { project }, body })).id
    },
  }
}
