import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import {
  downloadModelFile,
  getModelBill,
  getModelProvenance,
  getModelSignature,
  getModelVersion,
  signModelVersion,
  verifyModelVersion,
} from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { downloadFile } from '../download-file.ts'
import { FailedError, UsageError } from '../fail.ts'
import { placeInFolder } from '../place-in-folder.ts'
import { amountText, bytesText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { versionOf } from './model-reference.ts'

interface Difference {
  readonly path: string | null
  readonly kind: string
  readonly detail: string
}

/** `trivium models get|verify|provenance|bom|signature` */
export function modelFileCommands(group: Command, terminal: Terminal): void {
  const which = ['<version>', 'MODEL/VERSION, MODEL@VERSION or MODEL@ALIAS'] as const
  onAction(
    terminal,
    group
      .command('get')
      .argument(...which)
      .argument('<directory>', 'where to')
      .description(
        'Fetches the files of a version, checks every digest and the signature. The same command goes on where an earlier one stopped.',
      ),
    async (work, reference: string, directory: string) => {
      const params = await versionOf(work, reference)
      const { client, show } = work
      const version = await client.call(getModelVersion, { params })
      const files = version.files.filter((file) => !file.isDirectory)
      const to = resolve(terminal.cwd, directory)
      for (const { path, digest, size } of files) {
        const target = placeInFolder(to, path)
        if (digest === null || (await digestOfFile(target)) === digest) continue
        await mkdir(dirname(target), { recursive: true })
        await downloadFile(terminal, target, { digest, size }, (start) => {
          const headers = start > 0 ? { range: `bytes=${start}-` } : {}
          return client.raw(downloadModelFile, { params, query: { path }, headers, signal: terminal.signal })
        })
      }
      const bytes = files.reduce((sum, file) => sum + file.size, 0)
      const { keyId, problems } = await checkDirectory(work, params, to, {})
      if (problems.length > 0) throw broken(`${version.model} v${version.version} in ${to}`, problems)
      if (version.unsafe)
        terminal.err(
          `Loading it runs code that its author chose (pickle): ${version.unsafe.files.map(({ path }) => path).join(', ')}\n`,
        )
      const value = { model: version.model, version: version.version, directory: to, files: files.length, bytes, keyId }
      show(
        value,
        () =>
          `${version.model} v${version.version}: ${amountText(files.length, 'file')}, ${bytesText(bytes)}, in ${to}. Signed with key ${keyId?.slice(0, 16)}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('verify')
      .argument(...which)
      .argument('[directory]', 'files of this machine; without it the server checks its own')
      .option('--key <file>', 'public key in PEM to trust, instead of those that the server names')
      .option('--signature <file>', 'signature to check, instead of the one that the server keeps')
      .description(
        'Checks the signature of a version, and every file. Ends with 1 and names what was changed, swapped, added or is missing. With MODEL/VERSION, --key and --signature no server is asked.',
      ),
    async (work, reference: string, directory: string | undefined) => {
      const params = await versionOf(work, reference)
      const { options, client, show } = work
      const given = { key: options['key'] as string | undefined, signature: options['signature'] as string | undefined }
      if (directory === undefined && (given.key !== undefined || given.signature !== undefined))
        throw new UsageError('--key and --signature are for files of this machine: say in which directory they are.')
      const report =
        directory === undefined
          ? await client.call(verifyModelVersion, { params })
          : await checkDirectory(work, params, resolve(terminal.cwd, directory), given)
      const { keyId, problems, files } = report
      show({ ...report, intact: problems.length === 0 }, () =>
        problems.length === 0
          ? `${params.model} v${params.version}: ${amountText(files, 'file')} as signed with key ${keyId?.slice(0, 16)}.`
          : tableText(
              ['file', 'what', 'detail'],
              (problems as readonly Difference[]).map((one) => [one.path ?? '', one.kind, one.detail]),
            ),
      )
      if (problems.length > 0) throw broken(`${params.model} v${params.version}`, problems)
    },
  )
  for (const [name, route, what] of [
    ['provenance', getModelProvenance, 'where a version comes from, as W3C PROV-JSON'],
    ['bom', getModelBill, 'what a version is made of, as a CycloneDX 1.6 bill of materials'],
  ] as const) {
    onAction(
      terminal,
      group
        .command(name)
        .argument(...which)
        .option('--out <file>', 'writes it there')
        .description(`Shows ${what}.`),
      async (work, reference: string) => {
        const document = await work.client.call(route, { params: await versionOf(work, reference) })
        await out(work, JSON.stringify(document, null, 2), document)
      },
    )
  }
  onAction(
    terminal,
    group
      .command('signature')
      .argument(...which)
      .option('--out <file>', 'writes the signature (a sigstore bundle) there')
      .option('--key-out <file>', 'writes the public key in use there')
      .option('--sign', 'signs a version that has no signature yet')
      .description('Shows the OpenSSF signature of a version, or writes it down for other tools.'),
    async (work, reference: string) => {
      const params = await versionOf(work, reference)
      const found =
        work.options['sign'] === true
          ? await work.client.call(signModelVersion, { params })
          : await work.client.call(getModelSignature, { params })
      const { keyOut } = work.options
      const key = found.publicKeys.find(({ keyId }) => keyId === found.keyId) ?? found.publicKeys[0]
      if (typeof keyOut === 'string') await writeFile(resolve(terminal.cwd, keyOut), key?.pem ?? '')
      if (typeof work.options['out'] === 'string') await out(work, found.bundle, found)
      else
        work.show(found, ({ keyId, signedAt }) =>
          factsText({ version: `${params.model} v${params.version}`, signed: timeText(signedAt), key: keyId }),
        )
    },
  )
}

/** Writes a document to the file of `--out`, or shows it. */
async function out({ options, terminal, show }: Action, text: string, value: unknown): Promise<void> {
  const file = options['out']
  if (typeof file !== 'string') return show(value, () => text)
  await writeFile(resolve(terminal.cwd, file), `${text}\n`)
  show({ file }, () => `Written to ${file}.`)
}

const broken = (what: string, problems: readonly Difference[]): FailedError =>
  new FailedError(
    `${what} is not as it was signed: ${problems.map(({ path, kind, detail }) => (path === null ? detail : `${path} (${kind})`)).join(', ')}`,
  )

/** Compares the files of a directory with the signature of a version. */
async function checkDirectory(
  { client, terminal }: Action,
  params: { project: string; model: string; version: number },
  directory: string,
  { key, signature }: { key?: string | undefined; signature?: string | undefined },
): Promise<{ files: number; keyId: string | null; problems: readonly Difference[] }> {
  const { compareWithSigned, parseModelKey, verifyModelSignature } = await import('@trivium/server')
  const kept =
    key === undefined || signature === undefined ? await client.call(getModelSignature, { params }) : undefined
  const text = async (file: string) => readFile(resolve(terminal.cwd, file), 'utf8')
  const bundle = signature === undefined ? (kept?.bundle ?? '') : await text(signature)
  const found = await filesIn(directory)
  const files = Object.keys(found).length
  try {
    const keys =
      key === undefined
        ? (kept?.publicKeys ?? []).map(({ pem }) => parseModelKey(pem))
        : [parseModelKey(await text(key))]
    const signed = verifyModelSignature(bundle, keys)
    const name = `${params.model}@${params.version}`
    if (signed.name !== name) throw new Error(`The signature is that of ${signed.name}, not of ${name}.`)
    return { files, keyId: signed.keyId, problems: compareWithSigned(signed.files, found) }
  } catch (error) {
    return { files, keyId: null, problems: [{ path: null, kind: 'signature', detail: (error as Error).message }] }
  }
}

/** Where a file of a version goes; a name that leads out of the directory is refused. */
async function filesIn(directory: string): Promise<Record<string, { digest: string }>> {
  const found: Record<string, { digest: string }> = {}
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const file = join(entry.parentPath, entry.name)
    const path = relative(directory, file).split(sep).join('/')
    // What is no plain file, such as a link to elsewhere, cannot be what was signed.
    found[path] = { digest: (await digestOfFile(file)) ?? 'no plain file' }
  }
  return found
}

async function digestOfFile(file: string): Promise<string | undefined> {
  const found = await lstat(file).catch(() => undefined)
  if (!found?.isFile()) return undefined
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer)
  return hash.digest('hex')
}
