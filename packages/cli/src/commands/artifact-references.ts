import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { addRunReference, listRunReferences, type RunReference } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, bytesText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium artifacts reference …` */
export function artifactReferenceCommands(artifacts: Command, terminal: Terminal): void {
  const group = artifacts
    .command('reference')
    .description('Artifacts of tracking runs that lie elsewhere: where, and the SHA-256 that their bytes must have.')
  onAction(
    terminal,
    group
      .command('add')
      .argument('<run>', 'id of the run')
      .argument('<place>', 'a file of this machine, or an address: https://…, file:///…, s3://…')
      .option('--name <name>', 'what it is called on the run; its file name unless said')
      .option('--sha256 <digest>', 'what it must be; read from the place unless said')
      .option('--size <bytes>', 'bytes, together with --sha256', wholeNumber)
      .description('Notes an artifact on a run without sending its content.'),
    async ({ client, project, options, show }, run: string, place: string) => {
      const uri = /^[A-Za-z][A-Za-z0-9+.-]+:/.test(place) ? place : pathToFileURL(resolve(terminal.cwd, place)).href
      const { sha256, size } = options as { sha256?: string; size?: number }
      if ((sha256 === undefined) !== (size === undefined)) throw new UsageError('Say --sha256 and --size together.')
      const content =
        sha256 === undefined || size === undefined
          ? await measured(terminal, uri)
          : { sha256: sha256.toLowerCase(), size }
      const name = (options['name'] as string | undefined) ?? nameOf(uri)
      const body: RunReference = { name, uri, ...content }
      show(
        await client.call(addRunReference, { params: { project, run }, body }),
        (one) => `${one.name}: ${bytesText(one.size)} at ${one.uri}, SHA-256 ${one.sha256}.`,
      )
    },
  )
  onAction(
    terminal,
    group.command('list').argument('<run>', 'id of the run').description('Lists them.'),
    async ({ client, project, show }, run: string) => {
      show(await client.call(listRunReferences, { params: { project, run } }), ({ references, problems }) =>
        [
          references.length === 0
            ? 'The run refers to no artifact elsewhere.'
            : tableText(
                ['name', 'where', 'size', 'SHA-256', 'noted'],
                references.map((one) => [
                  one.name,
                  one.uri,
                  bytesText(one.size),
                  one.sha256.slice(0, 12),
                  timeText(one.addedAt),
                ]),
              ),
          ...problems,
        ].join('\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('verify')
      .argument('<run>', 'id of the run')
      .description(
        'Reads the artifacts where they lie, as far as this machine reaches them (files, http and https), and compares size and SHA-256. Ends with 1 where one differs or is gone.',
      ),
    async ({ client, project, show }, run: string) => {
      const { references, problems } = await client.call(listRunReferences, { params: { project, run } })
      const checked: (RunReference & Checked)[] = []
      for (const one of references) checked.push({ ...one, ...(await check(terminal, one)) })
      show({ references: checked, problems }, () =>
        [
          ...checked.map(({ name, state, detail }) => `${name}: ${state}${detail === '' ? '' : `, ${detail}`}`),
          ...problems,
          ...(checked.length === 0 ? ['The run refers to no artifact elsewhere.'] : []),
        ].join('\n'),
      )
      const wrong = checked.filter(({ state }) => state === 'differs' || state === 'gone').length + problems.length
      if (wrong > 0) throw new FailedError(`${amountText(wrong, 'reference')} did not hold.`)
    },
  )
}

/** `not read`: this program does not speak what the address needs, or nobody answered, so nothing is known. */
interface Checked {
  readonly state: 'intact' | 'differs' | 'gone' | 'not read'
  readonly detail: string
}

async function check(terminal: Terminal, { uri, sha256, size }: RunReference): Promise<Checked> {
  try {
    const found = await measured(terminal, uri)
    return found.sha256 === sha256
      ? { state: 'intact', detail: '' }
      : {
          state: 'differs',
          detail: `it has ${bytesText(found.size)} (${bytesText(size)} were noted) and SHA-256 ${found.sha256}`,
        }
  } catch (error) {
    if (terminal.signal.aborted) throw error
    const detail = error instanceof Error ? error.message : String(error)
    return { state: error instanceof GoneError ? 'gone' : 'not read', detail }
  }
}

class GoneError extends Error {}

/** Size and SHA-256 of what lies at an address; throws in words where it cannot be read from here. */
async function measured({ signal }: Terminal, uri: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of await opened(uri, signal)) {
    hash.update(chunk)
    size += chunk.length
  }
  return { sha256: hash.digest('hex'), size }
}

async function opened(uri: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (uri.startsWith('file:')) {
    const path = fileURLToPath(uri)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) throw new GoneError(`"${path}" is no file of this machine`)
    return createReadStream(path, { signal })
  }
  if (!/^https?:/i.test(uri))
    throw new UsageError(
      `"${uri}" cannot be read from here: files, http and https can. Say what it is with --sha256 and --size.`,
    )
  const answer = await fetch(uri, { signal })
  if (answer.status === 404 || answer.status === 410)
    throw new GoneError(`${new URL(uri).host} answered ${answer.status}`)
  if (!answer.ok || !answer.body) throw new FailedError(`${new URL(uri).host} answered ${answer.status}`)
  return answer.body
}

const nameOf = (uri: string): string => {
  const [path = ''] = uri.split(/[?#]/)
  try {
    return decodeURIComponent(basename(path)).replaceAll(/[^A-Za-z0-9._-]+/g, '-')
  } catch {
    return 'artifact'
  }
}
