import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type EntityRef,
  type Erasure,
  eraseAccount,
  eraseSubject,
  exportAccount,
  exportSubject,
  findAccount,
  findSubject,
  listAllErasures,
  listErasures,
  type SubjectFinding,
  type SubjectReport,
} from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, tableText, timeText } from '../output.ts'
import { configOf, withPlace } from '../server-place.ts'
import type { Terminal } from '../terminal.ts'

const whose = ['<subject>', 'id of the person as the rows say it; - reads it from standard input'] as const
const accountOption = ['--account', 'a user of this instance, by name, id or mail address; for administrators'] as const
const namesOption = [
  '--also <name...>',
  'what else the person is called in texts: names, mail addresses; - in the place of the id reads them from further lines',
] as const
const waitMs = 60_000

/** `trivium subjects …`: requests of people about what is held of them. */
export function subjectCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('subjects')
    .description('People in the data: what is held of them, as a file, and erased for ever.')
  onAction(
    terminal,
    group
      .command('find')
      .argument(...whose)
      .option(...namesOption)
      .option(...accountOption)
      .description('Counts what is held of a person, and lists the models that may have learned from it. No values.'),
    async (work, given: string) => {
      const { subject, names } = await personOf(work, given)
      const { client, project, options, show } = work
      const found =
        options['account'] === true
          ? await client.call(findAccount, { body: { subject } })
          : await client.call(findSubject, { params: { project }, body: { subject, names } })
      show(found, reportText)
    },
  )
  onAction(
    terminal,
    group
      .command('export')
      .argument(...whose)
      .requiredOption('--file <path>', 'where to; JSON Lines')
      .option(...namesOption)
      .option(...accountOption)
      .description('Writes everything that is held of a person into a file.'),
    async (work, given: string) => {
      const { subject, names } = await personOf(work, given)
      const { client, project, options, show } = work
      const file = resolve(terminal.cwd, String(options['file']))
      const answer =
        options['account'] === true
          ? await client.raw(exportAccount, { body: { subject } })
          : await client.raw(exportSubject, { params: { project }, body: { subject, names } })
      if (!answer.body) throw new FailedError('The server sent no content.')
      let records = 0
      const counted = async function* (lines: AsyncIterable<Buffer>) {
        for await (const chunk of lines) {
          for (const byte of chunk) if (byte === 10) records += 1
          yield chunk
        }
      }
      await pipeline(
        Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]),
        counted,
        // The file holds what is personal, so nobody else reads it.
        createWriteStream(file, { mode: 0o600 }),
      )
      show({ file, records }, () => `${file}: ${amountText(records, 'record')}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('erase')
      .argument(...whose)
      .requiredOption(
        '--reason <text>',
        'why, such as the number of the request; it is kept and must not name the person',
      )
      .option('--confirm <subject>', 'the same id once more: an erasure cannot be undone')
      .option(...namesOption)
      .option(...accountOption)
      .description(
        "Destroys a person's key, so that his personal values read `redacted` everywhere, also in backups, and removes what the key does not cover: traces, and names in texts. Waits up to a minute until every capability is through.",
      ),
    erase,
  )
  onAction(
    terminal,
    group
      .command('erasures')
      .option('--all', 'of all projects and of accounts; for administrators')
      .option('--file <path>', 'writes them for a restore to repeat: `trivium restore --erasures`; with --all')
      .description('Lists erasures; none names a person.'),
    erasures,
  )
  onAction(
    terminal,
    withPlace(group.command('keys').argument('<file>', 'where to; replaced where it exists'))
      .option('--encrypt-to <recipient...>', 'encrypts it for these recipients of age (age1…)')
      .option('--recipients-file <file>', 'the same, one recipient a line')
      .option('--passphrase-file <file>', 'encrypts with the passphrase in this file instead')
      .description(
        'Saves the keys of all people, which no backup holds, from the data directory and the database. Renew the file after each erasure, and keep it apart from backups.',
      ),
    async (work, file: string) => {
      const { backupLock, saveSubjectKeys } = await import('@trivium/server')
      const { encryptTo, recipientsFile, passphraseFile } = work.options as {
        encryptTo?: string[]
        recipientsFile?: string
        passphraseFile?: string
      }
      const lock = backupLock({
        ...(encryptTo ? { encryptTo } : {}),
        ...(recipientsFile === undefined ? {} : { recipientsFile: resolve(terminal.cwd, recipientsFile) }),
        ...(passphraseFile === undefined ? {} : { passphraseFile: resolve(terminal.cwd, passphraseFile) }),
      })
      const path = resolve(terminal.cwd, file)
      const saved = await saveSubjectKeys(await configOf(work), path, lock ? { lock } : {})
      work.show(
        { file: path, ...saved },
        () =>
          `${path}: keys of ${amountText(saved.people, 'person', 'people')}; ${saved.erased} erased.${lock ? '' : ' It is not encrypted; vault-key opens it.'}`,
      )
    },
  )
}

async function personOf(
  { terminal, options }: Action,
  given: string,
): Promise<{ readonly subject: string; readonly names: string[] }> {
  const [subject = '', ...more] =
    given === '-' ? (await terminal.secret()).replace(/\r?\n$/, '').split(/\r?\n/) : [given]
  if (subject === '') throw new UsageError('The id of the person is empty.')
  const { also = [] } = options as { also?: string[] }
  return { subject, names: [...also, ...more].filter((one) => one.trim() !== '') }
}

async function erase(work: Action, given: string): Promise<void> {
  const { client, project, options, show, terminal } = work
  const { confirm, account } = options as { confirm?: string; account?: boolean }
  const reason = String(options['reason'])
  const { subject, names } = await personOf(work, given)
  if (confirm === undefined)
    throw new UsageError(
      'An erasure cannot be undone. Look with `trivium subjects find` at what there is, then add --confirm with the id once more.',
    )
  const body = { subject, confirm, reason }
  let erasure: Erasure =
    account === true
      ? await client.call(eraseAccount, { body })
      : await client.call(eraseSubject, { params: { project }, body: { ...body, names } })
  const { id } = erasure
  for (const end = Date.now() + waitMs; erasure.state === 'running' && Date.now() < end; ) {
    await sleep(300, undefined, { signal: terminal.signal })
    const page = { limit: 1000 }
    const { erasures: now } =
      account === true
        ? await client.call(listAllErasures, { query: page })
        : await client.call(listErasures, { params: { project }, query: page })
    erasure = now.find((one) => one.id === id) ?? erasure
  }
  show(erasure, erasureText)
  if (erasure.state === 'failed')
    throw new FailedError(`Something is left: ${erasure.error ?? ''} Erase again to go on.`)
}

async function erasures({ client, project, options, show, terminal }: Action): Promise<void> {
  const { all, file } = options as { all?: boolean; file?: string }
  if (file !== undefined && all !== true)
    throw new UsageError('A restore repeats the erasures of all projects. Add --all.')
  const found: Erasure[] = []
  for (;;) {
    const query = { limit: 1000, ...(found.length === 0 ? {} : { before: found.at(-1)?.id ?? '' }) }
    const { erasures: page } =
      all === true
        ? await client.call(listAllErasures, { query })
        : await client.call(listErasures, { params: { project }, query })
    found.push(...page)
    if (page.length < 1000) break
  }
  if (file === undefined) return show({ erasures: found }, listText)
  const path = resolve(terminal.cwd, file)
  const lines = found.map(({ id, project: place, subject, fingerprint, at, marks }) =>
    JSON.stringify({ erasure: id, project: place, subject, fingerprint, at, ...(marks === null ? {} : { marks }) }),
  )
  await writeFile(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
  show({ file: path, erasures: found.length }, () => `${path}: ${amountText(found.length, 'erasure')}.`)
}

const findingsText = (found: readonly SubjectFinding[]): string =>
  tableText(
    ['capability', 'kind', 'where', 'count', 'not encrypted'],
    found.map((one) => [one.capability, one.kind, one.where, one.count, one.plain || '']),
  )

const named = (list: readonly EntityRef[]): string => list.map(({ kind, name }) => `${kind} ${name}`).join(', ')

function reportText({ id, erasedAt, found, models, moreModels, artifacts }: SubjectReport): string {
  return [
    found.length === 0 ? 'Nothing is held of this person.' : findingsText(found),
    erasedAt === null ? '' : `Erased ${timeText(erasedAt)}; the key was ${id ?? ''}.`,
    models.length === 0
      ? ''
      : `May have learned from it, and is not changed by an erasure: ${models.map(({ name, version }) => `${name}@${version ?? ''}`).join(', ')}${moreModels ? ' and more' : ''}.`,
    artifacts.length === 0
      ? ''
      : `Hold files that were made from it, which an erasure does not reach; delete them or make them anew: ${named(artifacts)}.`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function erasureText(one: Erasure): string {
  const models = one.models.map(({ name, version }) => `${name}@${version ?? ''}`).join(', ')
  return [
    one.state === 'running'
      ? `${one.id}: the key is destroyed; the rest is being removed, ${one.error ? `and was tried: ${one.error}` : 'see `trivium subjects erasures`'}.`
      : `${one.id}: ${one.state}, ${timeText(one.at)}.`,
    one.found.length === 0 ? 'Nothing was held of this person.' : findingsText(one.found),
    one.changed.length === 0
      ? ''
      : `What was done:\n${tableText(
          ['capability', 'kind', 'where', 'count', 'done'],
          one.changed.map(({ capability, kind, where, count, how }) => [
            capability,
            kind,
            where,
            count,
            how ?? 'key destroyed',
          ]),
        )}`,
    one.looked.length === 0
      ? ''
      : `Searched ${amountText(
          one.looked.reduce((sum, { rows }) => sum + rows, 0),
          'row',
        )} of texts in ${amountText(one.looked.length, 'place')}.`,
    ...one.left.map(({ capability, where, count, why }) => `Left: ${count} in ${where} (${capability}). ${why}`),
    models === '' ? '' : `These may have learned from it, and are as they were: ${models}.`,
    one.artifacts.length === 0
      ? ''
      : `These hold files that were made from it, and are as they were; delete them or make them anew: ${named(one.artifacts)}.`,
    'Renew the file of keys that is kept beside backups: trivium subjects keys FILE.',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

const listText = ({ erasures: found }: { erasures: readonly Erasure[] }): string =>
  tableText(
    ['id', 'project', 'key', 'state', 'at', 'by', 'records', 'reason'],
    found.map((one) => [
      one.id,
      one.project,
      one.subject,
      one.state,
      timeText(one.at),
      one.byName,
      one.found.reduce((sum, { count }) => sum + count, 0),
      one.reason,
    ]),
  )
