import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  clearContentPlace,
  type ContentPlaces,
  getContentPlaces,
  type PlaceKind,
  placeKinds,
  setContentPlace,
  testContentPlace,
} from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, bytesText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium storage place show|set|test|clear` */
export function storagePlaceCommands(storage: Command, terminal: Terminal): void {
  const group = storage
    .command('place')
    .description('Where a project keeps its content: a bucket, a container registry, a binary repository, a database.')
  onAction(
    terminal,
    group.command('show').description('Where the content of the project lies, and how much in each place.'),
    async ({ client, project, show }) => {
      show(await client.call(getContentPlaces, { params: { project } }), placesText)
    },
  )
  onAction(
    terminal,
    group
      .command('set')
      .addOption(new Option('--kind <kind>', 'what it is').choices([...placeKinds]).makeOptionMandatory())
      .requiredOption(
        '--address <url>',
        'https://HOST/PATH; for s3 https://ENDPOINT/BUCKET/PREFIX?region=NAME; for postgres postgresql://HOST:PORT/DATABASE. Without credentials.',
      )
      .option('--username <name>', 'signs in with this name and a password; for s3 the id of the access key')
      .option('--token', 'signs in with a token')
      .option('--secret-file <path>', 'reads the password or the token from a file; without it from standard input')
      .description(
        'Tries the place, then keeps what is new there. What was stored before stays where it is, and is found there.',
      ),
    async ({ client, project, options, show, terminal: { secret: readSecret, cwd } }) => {
      const { kind, address, username, token, secretFile } = options as {
        kind?: PlaceKind
        address?: string
        username?: string
        token?: boolean
        secretFile?: string
      }
      if (username !== undefined && token === true)
        throw new UsageError('Give --username with a password, or --token, and not both.')
      const signsIn = username !== undefined || token === true
      if (secretFile !== undefined && !signsIn)
        throw new UsageError('--secret-file needs --username or --token beside it.')
      const text = !signsIn
        ? undefined
        : secretFile === undefined
          ? await readSecret()
          : await readFile(resolve(cwd, secretFile), 'utf8')
      const secret = text?.replace(/\r?\n$/, '')
      if (secret === '') throw new UsageError('The password or token is empty.')
      const body = {
        kind: kind as PlaceKind,
        address: address as string,
        ...(username === undefined ? {} : { username }),
        ...(secret === undefined ? {} : { secret }),
      }
      show(await client.call(setContentPlace, { params: { project }, body }), placesText)
    },
  )
  onAction(
    terminal,
    group
      .command('test')
      .description('Writes a small content to the current place, reads and removes it. Ends with 1 when that fails.'),
    async ({ client, project, show }) => {
      const outcome = await client.call(testContentPlace, { params: { project } })
      show(outcome, ({ found, ms }) => `${found} (${ms} ms)`)
      if (!outcome.ok) throw new FailedError('The place does not do its work.')
    },
  )
  onAction(
    terminal,
    group
      .command('clear')
      .description(
        "Keeps what is new in the instance's own object store again. What lies in the place stays there, and is found there.",
      ),
    async ({ client, project, show }) => {
      show(await client.call(clearContentPlace, { params: { project } }), placesText)
    },
  )
}

function placesText({ own, places }: ContentPlaces): string {
  const current = places.find((one) => one.current)
  const damaged = places.reduce((sum, one) => sum + one.damaged, 0)
  return [
    `What is new goes to ${current?.address ?? "the instance's own object store"}.`,
    '',
    tableText(
      ['place', 'kind', 'contents', 'size', 'signs in'],
      [
        ...places.map((one) => [
          one.address,
          one.kind,
          one.contents,
          bytesText(one.bytes),
          one.credentials === 'none' ? 'no' : (one.username ?? 'with a token'),
        ]),
        ["the instance's own store", 'own', own.contents, bytesText(own.bytes), ''],
      ],
    ),
    ...(damaged === 0 ? [] : ['', `${amountText(damaged, 'content is', 'contents are')} damaged in a place.`]),
  ].join('\n')
}
