import { readFile, writeFile } from 'node:fs/promises'
import { createReport, exportReport, getReport, listReports, saveReport } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const isId = (name: string): boolean => /^rep_[0-9a-zA-Z]+$/.test(name)

/** The id of a report that is named by its id or its title. */
async function reportOf(client: Client, project: string, name: string): Promise<string> {
  if (isId(name)) return name
  let token: string | undefined
  do {
    const page = await client.call(listReports, {
      params: { project },
      query: { limit: 1000, ...(token === undefined ? {} : { page_token: token }) },
    })
    const found = page.reports.filter((one) => one.title === name)
    if (found.length > 1)
      throw new FailedError(
        `${found.length} reports have the title "${name}"; name one by its id: ${found.map((one) => one.id).join(', ')}.`,
      )
    if (found[0]) return found[0].id
    token = page.nextPageToken ?? undefined
  } while (token !== undefined)
  throw new FailedError(`There is no report "${name}" in ${project}; trivium reports list names them.`)
}

/** `trivium reports …` */
export function reportCommands(program: Command, terminal: Terminal): void {
  const group = program.command('reports').description('Pages that people write about runs and models.')
  onAction(
    terminal,
    group
      .command('list')
      .option('--mentions <urn>', 'only those that name this run, model or other thing')
      .description('Lists reports, the one that was changed last first; at most 1,000.'),
    async ({ client, project, options, show }) => {
      const mentions = options['mentions'] as string | undefined
      const query = { limit: 1000, ...(mentions === undefined ? {} : { mentions }) }
      show(await client.call(listReports, { params: { project }, query }), ({ reports }) =>
        reports.length === 0
          ? 'No report.'
          : tableText(
              ['id', 'title', 'version', 'open comments', 'changed by', 'changed'],
              reports.map((one) => [
                one.id,
                one.title,
                String(one.version),
                String(one.openComments),
                one.updatedByName,
                timeText(one.updatedAt),
              ]),
            ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('get')
      .argument('<report>', 'its id or title')
      .option('--of <n>', 'of an older version')
      .description('Prints the Markdown of a report.'),
    async ({ client, project, options, show }, name: string) => {
      const report = await reportOf(client, project, name)
      const query = versionOf(options)
      show(await client.call(getReport, { params: { project, report }, query }), ({ text }) => text)
    },
  )
  onAction(
    terminal,
    group
      .command('save')
      .argument('<file>', 'a file of Markdown')
      .option('--title <title>', 'of a new report, or a new title')
      .option('--report <report>', 'id or title of the report that gets a new version; without it a new one is made')
      .option('--after <n>', 'the version that was edited; without it the newest')
      .description('Saves a report, as a new one or as a new version.'),
    async ({ client, project, options, show }, file: string) => {
      const { title, report: name, after } = options as Record<string, string | undefined>
      const text = await readFile(file, 'utf8')
      if (name === undefined) {
        if (title === undefined) throw new UsageError('Give a new report a --title, or name the --report.')
        const made = await client.call(createReport, { params: { project }, body: { title, text } })
        show(made, ({ id }) => `Saved ${id}, version 1.`)
        return
      }
      const params = { project, report: await reportOf(client, project, name) }
      const now = await client.call(getReport, { params, query: {} })
      const body = { title: title ?? now.title, text, after: after === undefined ? now.version : Number(after) }
      show(await client.call(saveReport, { params, body }), ({ id, version }) => `Saved ${id}, version ${version}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('export')
      .argument('<report>', 'its id or title')
      .argument('<file>', 'the HTML file to write')
      .option('--of <n>', 'of an older version')
      .description('Writes a report as one HTML file without scripts, its panels as they are now.'),
    async ({ client, project, options, show }, name: string, file: string) => {
      const report = await reportOf(client, project, name)
      const answer = await client.raw(exportReport, { params: { project, report }, query: versionOf(options) })
      await writeFile(file, Buffer.from(await answer.arrayBuffer()))
      show({ report, file }, () => `Wrote ${file}.`)
    },
  )
}

function versionOf(options: Readonly<Record<string, unknown>>): { version?: number } {
  const { of: version } = options
  if (version === undefined) return {}
  const number = Number(version)
  if (!Number.isInteger(number) || number < 1) throw new UsageError('--of is a whole number from 1.')
  return { version: number }
}
