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

/** `trivium data sheet` */
export function dataSheetCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('sheet')
      .argument('<dataset>', 'NAME or NAME@VERSION')
      .option('--out <file>', 'writes it to a file')
      .addOption(
        new Option('--write <part>', 'a part that only people can write, of all versions').choices([...sheetPartNames]),
      )
      .option('--text <text>', 'with --write: what the part says, in Markdown; empty takes it back')
      .option('--file <file>', 'with --write: a file that says it')
      .description(
        'Shows the data sheet of a version as Markdown, or with --json for programs: from records, and what people wrote. With --write it writes a part; who wrote it and when is kept.',
      ),
    async (work, reference: string) => {
      const params = await versionOf(work, reference)
      return work.options['write'] === undefined
        ? await read(work, terminal, params)
        : await write(work, terminal, params)
    },
  )
}

type Params = Awaited<ReturnType<typeof versionOf>>

async function read({ client, options, show }: Action, terminal: Terminal, params: Params): Promise<void> {
  const out = options['out'] as string | undefined
  if (out === undefined && options.json) return show(await client.call(getDataSheet, { params }), String)
  const format = options.json ? 'json' : 'markdown'
  const text = await (await client.raw(exportDataSheet, { params, query: { format } })).text()
  if (out === undefined) return terminal.out(`${shownText(text)}\n`)
  await writeFile(resolve(terminal.cwd, out), text)
  show({ file: out }, () => `${out}: the data sheet of ${params.dataset} v${params.version}.`)
}

async function write({ client, options, show }: Action, terminal: Terminal, params: Params): Promise<void> {
  const { write: part, text, file } = options as { write?: SheetPartName; text?: string; file?: string }
  if (part === undefined || (text === undefined) === (file === undefined))
    throw new UsageError('Say what the part says by --text or by --file.')
  const written = text ?? (await readFile(resolve(terminal.cwd, file ?? ''), 'utf8'))
  const { project, dataset } = params
  const { parts } = await client.call(getDataSheet, { params })
  const after = parts.find((one) => one.part === part)?.revision ?? 0
  const saved = await client.call(writeSheetPart, {
    params: { project, dataset, part },
    body: { text: written, after },
  })
  show(saved, (one) => `${dataset}: ${one.part}, revision ${one.revision}, by ${one.byName ?? ''}.`)
}
