import { describeEachDatabase } from '@trivium/testing'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import { subjectDataConformance } from '../../kernel/ports/subject-data.conformance.ts'
import { filesAt } from '../../kernel/tables/catalog.ts'
import { predictionTable } from './prediction-table.ts'

describeEachDatabase('people in predictions', ({ world }) => {
  subjectDataConformance(async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}`
    const { call } = await world.as('maintainer', project)
    const declared = await call('PUT', `${at}/datasets/customers`, { personal: ['email'], subjectColumn: 'customer' })
    if (declared.status !== 200) throw new Error(declared.text)
    const ids: string[] = []
    return {
      world,
      project,
      capability: 'outcomes',
      write: async (rows) => {
        const { ledgers } = world.kernel.paths
        const writer = openLedgerWriter({ root: ledgers, stream: ['predictions', project, 'churn'] })
        writer.append(
          rows.map(({ subject, value }) => ({
            id: `p${ids.push(subject)}`,
            project,
            deployment: 'churn',
            release: 'rel_1',
            model: 'churn',
            version: 1,
            eventTime: world.time.now + ids.length,
            at: world.time.now,
            inputs: { customer: subject, email: value },
            features: {},
            outputs: { score: 0.5 },
            latencyMicros: 1,
            request: 'req',
          })),
        )
        writer.close()
        // The segment stays, since somebody might go on writing to it; what was sealed is blank in it.
        await world.settled(project)
      },
      read: async () => {
        const pages = []
        for (const [index] of ids.entries())
          pages.push((await call('GET', `${at}/deployments/churn/predictions/p${index + 1}`)).text)
        return pages.join('\n')
      },
      names: async () =>
        (await filesAt(world.kernel.db.read, project, predictionTable('churn'))).map(({ digest }) => digest),
    }
  })
})
