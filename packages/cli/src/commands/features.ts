import {
  defineFeatureView,
  type FeatureRow,
  type FeatureViewDefinition,
  listFeatureViews,
  lookupFeatures,
  pushFeatureFile,
  pushFeatureRows,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, countText, tableText, timeText } from '../output.ts'
import { keyValue } from '../parse.ts'
import { readDocument, readLines } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'
import { openUpload } from '../upload.ts'

const batch = 10_000

/** `trivium features …` */
export function featureCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('features')
    .description('Feature views: the same numbers for training and at the gateway.')
  onAction(terminal, group.command('list').description('Lists feature views.'), async ({ client, project, show }) => {
    show(await client.call(listFeatureViews, { params: { project } }), ({ views }) =>
      tableText(
        ['name', 'version', 'keys', 'window', 'features', 'rows', 'newest'],
        views.map((v) => [
          v.name,
          v.version,
          v.definition.keys.join(', '),
          v.definition.window,
          Object.keys(v.definition.features).join(', '),
          countText(v.rows),
          timeText(v.newestRow),
        ]),
      ),
    )
  })
  onAction(
    terminal,
    group
      .command('define')
      .argument('<file>', 'YAML or JSON with name, keys, columns, window, features')
      .option('--name <view>', 'name of the view, where the file has none')
      .description('Defines a feature view; a changed definition is its next version.'),
    async ({ client, project, options, show }, file: string) => {
      const { name = options['name'], ...definition } = await readDocument<FeatureViewDefinition & { name?: string }>(
        terminal,
        file,
      )
      if (typeof name !== 'string') throw new UsageError(`${file} has no "name". Add one, or say --name.`)
      const made = await client.call(defineFeatureView, { params: { project, view: name }, body: definition })
      show(
        made,
        (view) =>
          `${view.name} v${view.version}: ${Object.keys(view.definition.features).join(', ')} by ${view.definition.keys.join(', ')} over ${view.definition.window}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('push')
      .argument('<view>')
      .argument('<file>', 'Parquet, or JSON lines of {id, key, eventTime, knownAt, values}')
      .description('Pushes rows as they become known; the same id again adds nothing.'),
    async ({ client, project, show }, view: string, file: string) => {
      const params = { project, view }
      let added = 0
      if (/\.parquet$/i.test(file))
        added = (await client.call(pushFeatureFile, { params, body: (await openUpload(terminal, file)).stream() }))
          .added
      else {
        const rows = await readLines<FeatureRow>(terminal, file)
        for (let from = 0; from < rows.length; from += batch)
          added += (await client.call(pushFeatureRows, { params, body: { rows: rows.slice(from, from + batch) } }))
            .added
      }
      show({ added }, (done) => `${amountText(done.added, 'row')} added to ${view}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('lookup')
      .argument('<view>')
      .requiredOption('--key <name=value>', 'key of the entity; repeat it for several columns', keyValue)
      .option('--as-of <time>', 'moment to look up at: ISO 8601 or milliseconds; now in event time without it')
      .description('Looks features up as the gateway would.'),
    async ({ client, project, options, show }, view: string) => {
      const asOf = options['asOf'] as string | undefined
      const at = asOf === undefined ? undefined : /^\d+$/.test(asOf) ? Number(asOf) : Date.parse(asOf)
      if (Number.isNaN(at)) throw new UsageError(`"${asOf}" is no time. Write 2001-02-01T09:40:00Z or milliseconds.`)
      const key = options['key'] as Record<string, string | number | boolean | null>
      const found = await client.call(lookupFeatures, {
        params: { project, view },
        body: { keys: [key], ...(at === undefined ? {} : { asOf: at }) },
      })
      show(found.rows[0] ?? {}, (row) => tableText(['feature', 'value'], Object.entries(row)))
    },
  )
}
