import { describeEachDatabase } from '@trivium/testing'
import { subjectDataConformance } from '../../kernel/ports/subject-data.conformance.ts'

describeEachDatabase('people in datasets', ({ world }) => {
  subjectDataConformance(async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}/datasets/customers`
    const { call } = await world.as('maintainer', project)
    const versions = async () =>
      (await call('GET', `${at}/versions`)).json.versions as { version: number; digest: string }[]
    const declared = await call('PUT', at, { personal: ['email'], subjectColumn: 'customer' })
    if (declared.status !== 200) throw new Error(declared.text)
    return {
      world,
      project,
      capability: 'datasets',
      write: async (rows) => {
        const lines = rows.map(({ subject, value }) => `${subject},${value}\n`)
        const added = await call('POST', `${at}/versions?format=csv&mode=append`, `customer,email\n${lines.join('')}`, {
          'content-type': 'text/csv',
        })
        if (added.status !== 200) throw new Error(added.text)
        await world.settled(project)
      },
      read: async () => {
        const pages = []
        for (const { version } of await versions())
          pages.push((await call('GET', `${at}/versions/${version}/rows`)).text)
        return pages.join('\n')
      },
      names: async () => (await versions()).map(({ digest }) => digest),
    }
  })
})
