import { resolve } from 'node:path'
import type { BackupManifest } from '@trivium/server'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { dataDirectory } from '../connection.ts'
import { FailedError } from '../fail.ts'
import { amountText, bytesText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium backup` and `trivium restore`: they work on the data directory and the database themselves, and ask no server. */
export function backupCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    withPlace(program.command('backup').argument('<directory>', 'where to; it must not exist yet'))
      .option('--with-keys', 'also the keys and the first administrator’s token; keep such a backup under lock')
      .description(
        'Copies the database, all content and what is not in tables yet into a directory, while the server works. Ends with 1 when some content is damaged where it lies; the rest is in the backup.',
      ),
    async (work, directory: string) => {
      const { backUp } = await import('@trivium/server')
      const manifest = await backUp(await configOf(work), resolve(terminal.cwd, directory), {
        withKeys: work.options['withKeys'] === true,
        onProgress: progress(work),
      })
      work.show(manifest, (made) => `${directory}: ${contentText(made)}.${keysText(made)}`)
      if (manifest.missing.length > 0)
        throw new FailedError(
          `${amountText(manifest.missing.length, 'content is', 'contents are')} damaged and not in the backup: ${manifest.missing.map(({ why }) => why).join(' ')}`,
        )
    },
  )
  onAction(
    terminal,
    withPlace(program.command('restore').argument('<directory>', 'a backup')).description(
      'Checks a backup and restores it into an empty data directory (--data) and an empty database of either kind, compares every table with what was saved, and tells up to which event it goes.',
    ),
    async (work, directory: string) => {
      const { restore } = await import('@trivium/server')
      const source = resolve(terminal.cwd, directory)
      const manifest = await restore(await configOf(work), source, { onProgress: progress(work) })
      work.show(
        manifest,
        (made) =>
          `${dataDirectory(terminal, work.options)}: ${contentText(made)}, as they were.${made.keys.length === 0 ? ' Put vault-key, signing-key.pem and admin-token there before the server starts, if you kept them.' : ''}`,
      )
    },
  )
}

const withPlace = (command: Command): Command =>
  command
    .option('--config <file>', 'configuration file, YAML or JSON (TRIVIUM_CONFIG)')
    .option('--database-url <url>', 'postgres://…; without it SQLite in the data directory')

async function configOf({ terminal, options }: Action) {
  const { loadConfig } = await import('@trivium/server')
  const { config: file, databaseUrl } = options as { config?: string; databaseUrl?: string }
  const flags = { data: dataDirectory(terminal, options), ...(databaseUrl === undefined ? {} : { databaseUrl }) }
  return loadConfig({ flags, environment: { ...terminal.env }, ...(file === undefined ? {} : { file }) })
}

const progress =
  ({ terminal }: Action) =>
  (what: string): void => {
    if (terminal.interactive) terminal.err(`${what} …\n`)
  }

function contentText({ tables, blobs, seq }: BackupManifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return `${amountText(rows, 'row')} and ${amountText(blobs.count, 'content')} of ${bytesText(blobs.bytes)}, up to event ${seq}`
}

const keysText = ({ keys }: BackupManifest): string =>
  keys.length > 0
    ? ` It holds ${keys.join(', ')}: keep it under lock.`
    : ' Keep vault-key, signing-key.pem and admin-token of the data directory apart from it; secrets cannot be read without the first.'
