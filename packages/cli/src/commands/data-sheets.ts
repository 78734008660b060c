import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  exportDataSheet,
  getDataSheet,
  getDataset,
  type SheetPartName,
  sheetPartNames,
  writeSheetPart,
} from '@trivium/contract'
import { type Command, Option } from 'commander'
import { type Action, onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { shownText } from '../shown-text.ts'
import type { Terminal } from '../terminal.ts'

/** Name and version of `NAME`, `NAME@latest` or `NAME@3`. */
async function versionOf({ client, project }: Pick<Action, 'client' | 'project'>, reference: string) {
  const [dataset = '', wanted] = reference.split('@')
  const { versions } = await client.call(getDataset, { params: { project, dataset } })
  const version = wanted === undefined || wanted === 'latest' ? versions : Number(wanted)
  if (!Number.isInteger(version) || version < 1)
    throw new UsageError(`"${reference}" names no version. ${dataset} has ${versions}.`)
  return { project, dataset, version }
}

/** `trivium data sheet|write` */
export function dataSheetCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('sheet')
      .argument('<dataset>', 'NAME or NAME@VERSION')
      .option('--out <file>', 'writes it to a file')
      .description(
        'Shows the data sheet of a version as Markdown, or with --json for programs: from records, and what people wrote.',
      ),
    async (work, reference: string) => {
      const { client, options, show } = work
      const params = await versionOf(work, reference)
      const format = options.json ? 'json' : 'markdown'
      const out = options['out'] as string | undefined
      const read = async () => (await client.raw(exportDataSheet, { params, query: { format } })).text()
      if (out !== undefined) {
        await writeFile(resolve(terminal.cwd, out), await read())
        show({ file: out }, () => `${out}: the data sheet of ${params.dataset} v${params.version}.`)
        return
      }
      if (options.json) show(await client.call(getDataSheet, { params }), String)
      else terminal.out(`${shownText(await read())}\n`)
    },
  )
  onAction(
    terminal,
    group
      .command('write')
      .argument('<dataset>', 'its name')
      .addOption(new Option('--part <part>', 'which part').choices([...sheetPartNames]).makeOptionMandatory())
      .option('--text <text>', 'what it says, in Markdown; empty takes it back')
      .option('--file <file>', 'a file that says it')
      .description('Writes a part of the data sheet that only people can write; who wrote it and when is kept.'),
    async (work, dataset: string) => {
      const { client, project, options, show } = work
      const { part, text, file } = options as { part?: SheetPartName; text?: string; file?: string }
      if (part === undefined || (text === undefined) === (file === undefined))
        throw new UsageError('Say what it says by --text or by --file.')
      const written = text ?? (await readFile(resolve(terminal.cwd, file ?? ''), 'utf8'))
      const params = await versionOf(work, dataset)
      const { parts } = await client.call(getDataSheet, { params })
      const after = parts.find((one) => one.part === part)?.revision ?? 0
      const saved = await client.call(writeSheetPart, {
        params: { project, dataset: params.dataset, part },
        body: { text: written, after },
      })
      show(saved, (one) => `${params.dataset}: ${one.part}, revision ${one.revision}, by ${one.byName ?? ''}.`)
    },
  )
}
