import {
  addDatasetVersion,
  type BodyOf,
  getDataset,
  getDatasetVersion,
  listDatasets,
  listDatasetVersions,
  setDatasetChecks,
} from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, bytesText, countText, factsText, tableText, timeText } from '../output.ts'
import { readDocument } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'
import { dataSheetCommands } from './data-sheets.ts'
import { openUpload } from '../upload.ts'
import { largeFile, uploadInParts } from '../upload-in-parts.ts'

/** `trivium data …` */
export function dataCommands(program: Command, terminal: Terminal): void {
  const group = program.command('data').alias('datasets').description('Datasets: immutable versions of tables.')
  dataSheetCommands(group, terminal)
  onAction(
    terminal,
    group
      .command('add')
      .argument('<path>', 'Parquet or CSV file')
      .requiredOption('--name <dataset>', 'name of the dataset')
      .option('--append', 'adds the rows to the newest version instead of starting anew')
      .option('--event-time <column>', 'timestamp column that says when a row happened')
      .option('--note <text>', 'a note for readers')
      .description('Adds a version from a file. Declared checks may refuse it.'),
    async ({ client, project, options, show }, path: string) => {
      const { name, append, eventTime, note } = options as {
        name?: string
        append?: boolean
        eventTime?: string
        note?: string
      }
      const format = formatOf(path)
      const upload = await openUpload(terminal, path)
      const sent =
        upload.size >= largeFile ? await uploadedInParts({ terminal, client, project }, path, upload) : undefined
      const added = await client.call(addDatasetVersion, {
        params: { project, dataset: name ?? '' },
        query: {
          format,
          mode: append ? 'append' : 'replace',
          digest: upload.digest,
          ...(sent === undefined ? {} : { upload: sent }),
          ...(eventTime === undefined ? {} : { event_time: eventTime }),
          ...(note === undefined ? {} : { note }),
        },
        body: sent === undefined ? upload.stream() : new Uint8Array(),
        signal: terminal.signal,
      })
      show(added, ({ version, unchanged, checks }) => {
        const warnings = checks.filter((check) => !check.passed).map((check) => `\n  warning: ${check.message}`)
        const rows = `${amountText(version.rows, 'row')}${version.mode === 'append' ? `, ${countText(version.addedRows)} of them new` : ''}`
        return `${version.name} v${version.version}: ${rows}, ${version.columns.length} columns${unchanged ? '; it was there already' : ''}.${warnings.join('')}`
      })
    },
  )
  onAction(
    terminal,
    group
      .command('declare')
      .argument('<dataset>')
      .argument('<file>', 'YAML or JSON with description, owners, checks, slices, label, availability')
      .description('Declares what a dataset is, who answers for it and what must hold of each new version.'),
    async ({ client, project, show }, dataset: string, file: string) => {
      const body = await readDocument<BodyOf<typeof setDatasetChecks>>(terminal, file)
      show(await client.call(setDatasetChecks, { params: { project, dataset }, body }), (one) => {
        const { owners } = one
        const who = owners
          ? `produced by ${owners.producer}, maintained by ${owners.maintainer}, quality: ${owners.quality}`
          : 'nobody is named as owner'
        return `${one.name}: ${amountText(one.checks.length, 'check')}, ${amountText(one.slices.length, 'slice column')}; ${who}.`
      })
    },
  )
  onAction(
    terminal,
    group.command('list').description('Lists datasets with their newest version.'),
    async ({ client, project, show }) => {
      show(await client.call(listDatasets, { params: { project } }), ({ datasets }) =>
        tableText(
          ['name', 'version', 'rows', 'size', 'from', 'to', 'added'],
          datasets.map(({ name, latest }) => [
            name,
            latest?.version,
            latest && countText(latest.rows),
            latest && bytesText(latest.bytes),
            timeText(latest?.minTime),
            timeText(latest?.maxTime),
            timeText(latest?.createdAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('show')
      .argument('<dataset>', 'NAME or NAME@VERSION')
      .description('Shows a version with its columns and check results.'),
    async ({ client, project, show }, reference: string) => {
      const [dataset = '', wanted] = reference.split('@')
      const found = await client.call(getDataset, { params: { project, dataset } })
      const version = wanted === undefined || wanted === 'latest' ? found.latest?.version : Number(wanted)
      if (version === undefined || !Number.isInteger(version))
        throw new UsageError(`"${reference}" names no version. ${dataset} has ${found.versions}.`)
      const [detail, all] = await Promise.all([
        client.call(getDatasetVersion, { params: { project, dataset, version } }),
        client.call(listDatasetVersions, { params: { project, dataset }, query: { limit: 10 } }),
      ])
      show(
        { ...detail, versions: all.versions },
        ({ version: one, profile, checks, versions, attention, balance, slices }) =>
          [
            factsText({
              dataset: `${one.name} v${one.version} of ${versions[0]?.version ?? one.version}`,
              digest: one.digest,
              rows: countText(one.rows),
              size: bytesText(one.bytes),
              'event time':
                one.eventTimeColumn === null
                  ? null
                  : `${one.eventTimeColumn}, ${timeText(one.minTime)} to ${timeText(one.maxTime)}`,
              added: `${timeText(one.createdAt)} by ${one.createdByName}`,
              note: one.note,
              owners: found.owners
                ? `${found.owners.producer} produces, ${found.owners.maintainer} maintains, ${found.owners.quality} answers for quality`
                : 'nobody is named',
              classes: balance && balance.classes.map(({ value, count }) => `${value} ${countText(count)}`).join(', '),
            }),
            tableText(
              ['column', 'type', 'empty', 'distinct', 'mean'],
              profile.columns.map((c) => [
                c.name,
                c.type,
                c.nulls,
                c.distinct,
                c.mean === null ? null : c.mean.toPrecision(6),
              ]),
            ),
            ...slices.map(({ column, slices: parts }) =>
              tableText(
                [column, 'rows', ...profile.columns.filter((c) => c.kind === 'numeric').map((c) => `mean ${c.name}`)],
                parts.map((part) => [
                  part.value ?? '(empty)',
                  countText(part.rows),
                  ...part.columns
                    .filter((c) => profile.columns.find((other) => other.name === c.name)?.kind === 'numeric')
                    .map((c) => (c.mean === null ? null : c.mean.toPrecision(6))),
                ]),
              ),
            ),
            ...(attention.length === 0
              ? []
              : [
                  tableText(
                    ['needs attention', 'urgency', 'why'],
                    attention
                      .slice(0, 20)
                      .map((entry) => [
                        entry.column,
                        entry.score.toFixed(2),
                        entry.findings.map((finding) => finding.message).join(' '),
                      ]),
                  ),
                ]),
            ...checks.map(({ passed, message }) => `${passed ? 'passed' : 'FAILED'}: ${message}`),
          ].join('\n\n'),
      )
    },
  )
}

/** Undefined for whoever may add datasets and nothing else: his file goes in one piece. */
async function uploadedInParts(...args: Parameters<typeof uploadInParts>): Promise<string | undefined> {
  try {
    return await uploadInParts(...args)
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

function formatOf(path: string): 'parquet' | 'csv' {
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet'
  if (/\.csv$/i.test(path)) return 'csv'
  throw new UsageError(
    `"${path}" is neither .parquet nor .csv. Convert it, or give it the ending that says what it is.`,
  )
}
