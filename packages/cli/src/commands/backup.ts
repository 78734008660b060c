import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { BackupLock, BackupManifest, Restored } from '@trivium/server'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { dataDirectory } from '../connection.ts'
import { configOf, progress, withPlace } from '../server-place.ts'
import { FailedError } from '../fail.ts'
import { amountText, bytesText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium backup`, `trivium restore` and `trivium migrate-database`: they work on the data directory and the database themselves, and ask no server. */
export function backupCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    withPlace(program.command('backup').argument('<directory>', 'where to; it must not exist yet'))
      .option('--with-keys', 'also the keys and the first administrator’s token; keep such a backup under lock')
      .option('--encrypt-to <recipient...>', 'encrypts every file for these recipients of age (age1…)')
      .option('--recipients-file <file>', 'the same, one recipient a line')
      .option('--passphrase-file <file>', 'encrypts with the passphrase in this file instead')
      .option(
        '--with-subject-keys <file>',
        'also saves the keys of people, which no backup holds, in this file; keep it apart',
      )
      .option(
        '--subject-keys-to <recipient...>',
        'encrypts that file for these recipients, where not for those of the backup',
      )
      .description(
        'Copies the database, all content and what is not in tables yet into a directory, while the server works. Ends with 1 when some content is damaged where it lies; the rest is in the backup.',
      ),
    async (work, directory: string) => {
      const { backUp, backupLock } = await import('@trivium/server')
      const lock = backupLock({ ...filesOf(work), ...(work.options as { encryptTo?: string[] }) })
      const manifest = await backUp(await configOf(work), resolve(terminal.cwd, directory), {
        withKeys: work.options['withKeys'] === true,
        ...(lock ? { lock } : {}),
        ...(await subjectKeysOf(work)),
        onProgress: progress(work),
      })
      work.show(manifest, (made) => `${directory}: ${contentText(made)}${lock ? ', encrypted' : ''}.${keysText(made)}`)
      if (manifest.missing.length > 0)
        throw new FailedError(
          `${amountText(manifest.missing.length, 'content is', 'contents are')} damaged and not in the backup: ${manifest.missing.map(({ why }) => why).join(' ')}`,
        )
    },
  )
  onAction(
    terminal,
    withPlace(program.command('restore').argument('<directory>', 'a backup'))
      .option('--identity-file <file>', 'opens an encrypted backup with the identities in it (AGE-SECRET-KEY-…)')
      .option('--passphrase-file <file>', 'opens a backup that was encrypted with a passphrase')
      .option('--subject-keys <file>', 'the keys of people; without them everything is restored but personal values')
      .option('--erasures <file...>', 'repeats the erasures in these files, which are later than the backup')
      .option(
        '--replaces <place>',
        'repeats those of the database that is replaced: its data directory, or postgres://…',
      )
      .option('--no-later-erasures', 'nobody was erased since the backup')
      .description(
        'Checks a backup and restores it into an empty data directory (--data) and an empty database of either kind, compares every table with what was saved, and tells up to which event it goes.',
      ),
    async (work, directory: string) => {
      const { backupKey, restore } = await import('@trivium/server')
      const source = resolve(terminal.cwd, directory)
      const key = backupKey(filesOf(work))
      const manifest = await restore(await configOf(work), source, {
        onProgress: progress(work),
        ...(key ? { key } : {}),
        ...peopleOf(work),
      })
      work.show(
        manifest,
        (made) =>
          `${dataDirectory(terminal, work.options)}: ${contentText(made)}, as they were.${peopleText(made)}${made.keys.length === 0 ? ' Put vault-key, signing-key.pem and admin-token there before the server starts, if you kept them.' : ''}`,
      )
    },
  )
  onAction(
    terminal,
    withPlace(program.command('migrate-database'))
      .option('--to <place>', 'postgres://USER:PASSWORD@HOST/DATABASE, empty; or sqlite, in the data directory')
      .option('--to-file <file>', 'a file with that URL, so that the password is on no command line')
      .description(
        'Moves the database of a stopped server: copies every table into an empty database of the other kind, compares the digests, and tells which setting to change. Content stays where it is.',
      ),
    async (work) => {
      const { migrateDatabase } = await import('@trivium/server')
      const { to, toFile } = work.options as { to?: string; toFile?: string }
      const target = to ?? (toFile === undefined ? '' : readFileSync(resolve(terminal.cwd, toFile), 'utf8').trim())
      const moved = await migrateDatabase(await configOf(work), target, { onProgress: progress(work) })
      work.show(
        moved,
        ({ from, to: kind, rows, tables, next }) =>
          `${amountText(rows, 'row')} in ${amountText(tables.length, 'table')} went from ${from} to ${kind} and are the same there. ${next}`,
      )
    },
  )
}

/** Files that hold keys, as the command was given them. */
function filesOf({ terminal, options }: Action): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['recipientsFile', 'passphraseFile', 'identityFile']) {
    const path = (options as Readonly<Record<string, unknown>>)[name]
    if (typeof path === 'string') found[name] = resolve(terminal.cwd, path)
  }
  return found
}

async function subjectKeysOf({
  terminal,
  options,
}: Action): Promise<{ subjectKeys?: { file: string; lock?: BackupLock } }> {
  const { withSubjectKeys, subjectKeysTo } = options as { withSubjectKeys?: string; subjectKeysTo?: string[] }
  if (withSubjectKeys === undefined) return {}
  const { backupLock } = await import('@trivium/server')
  const lock = subjectKeysTo && backupLock({ encryptTo: subjectKeysTo })
  return { subjectKeys: { file: resolve(terminal.cwd, withSubjectKeys), ...(lock ? { lock } : {}) } }
}

/** What a restore is told of people: their keys, and who was erased since. */
function peopleOf({ terminal, options }: Action) {
  const { subjectKeys, erasures, replaces, laterErasures } = options as {
    subjectKeys?: string
    erasures?: string[]
    replaces?: string
    laterErasures?: boolean
  }
  const place = (text: string) =>
    /^postgres(ql)?:\/\//.test(text)
      ? { data: '', databaseUrl: text }
      : { data: resolve(terminal.cwd, text), databaseUrl: '' }
  return {
    ...(subjectKeys === undefined ? {} : { subjectKeys: resolve(terminal.cwd, subjectKeys) }),
    ...(erasures ? { files: erasures.map((file) => resolve(terminal.cwd, file)) } : {}),
    ...(replaces === undefined ? {} : { replaces: place(replaces) }),
    noLaterErasures: laterErasures === false,
  }
}

function peopleText({ subjectKeys, people = 0, erasures: { from, replayed } }: Restored): string {
  const keys = {
    none: '',
    restored: ` Keys of people are restored.`,
    'left-out': ` Personal values of ${amountText(people, 'person', 'people')} read \`redacted\`: their keys are in no backup, and --subject-keys gave none.`,
  }[subjectKeys]
  const later =
    from.length === 0
      ? subjectKeys === 'none'
        ? ''
        : ' Nothing told of later erasures.'
      : ` Later erasures were sought in ${from.join(', ')}; ${amountText(replayed, 'person', 'people')} whom the backup had brought back ${replayed === 1 ? 'is' : 'are'} erased again.`
  return keys + later
}

function contentText({ tables, blobs, seq, elsewhere }: BackupManifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return `${amountText(rows, 'row')} and ${amountText(blobs.count, 'content')} of ${bytesText(blobs.bytes)}, up to event ${seq}${elsewhereText(elsewhere)}`
}

/** What is not in a backup, because projects keep it in places of their own. */
const elsewhereText = (elsewhere: BackupManifest['elsewhere'] = []): string =>
  elsewhere.length === 0
    ? ''
    : `; not in it is what projects keep elsewhere: ${elsewhere.map(({ project, place, contents, bytes }) => `${amountText(contents, 'content')} (${bytesText(bytes)}) of ${project} at ${place}`).join(', ')}`

const keysText = ({ keys }: BackupManifest): string =>
  keys.length > 0
    ? ` It holds ${keys.join(', ')}: keep it under lock.`
    : ' Keep vault-key, signing-key.pem and admin-token of the data directory apart from it; secrets cannot be read without the first.'
