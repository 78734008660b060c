import { basename, resolve } from 'node:path'
import {
  addRunArtifact,
  type ContentLink,
  downloadRunArtifact,
  linkDownload,
  listRunArtifacts,
} from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { downloadFile, type OpenFrom } from '../download-file.ts'
import { FailedError } from '../fail.ts'
import { bytesText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { artifactReferenceCommands } from './artifact-references.ts'
import { openUpload } from '../upload.ts'
import { largeFile, uploadInParts } from '../upload-in-parts.ts'

/** `trivium artifacts …` */
export function artifactCommands(program: Command, terminal: Terminal): void {
  const group = program.command('artifacts').description('Files of tracking runs.')
  onAction(
    terminal,
    group.command('list').argument('<run>', 'id of the run').description('Lists the files of a run.'),
    async ({ client, project, show }, run: string) => {
      show(
        await client.call(listRunArtifacts, { params: { project, run }, query: { recursive: true } }),
        ({ entries }) =>
          tableText(
            ['path', 'size', 'digest'],
            entries
              .filter(({ isDirectory }) => !isDirectory)
              .map(({ path, size, digest }) => [path, bytesText(size), digest?.slice(0, 12)]),
          ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('put')
      .argument('<run>', 'id of the run')
      .argument('<file>', 'file of this machine')
      .option('--path <path>', 'its path among the files of the run; its name unless said')
      .description('Makes a file one of a run. Sent in parts: the same command goes on where an earlier one stopped.'),
    async ({ client, project, options, show }, run: string, file: string) => {
      const upload = await openUpload(terminal, file)
      if (upload.size === 0) throw new FailedError(`"${file}" is empty.`)
      const id = await uploadInParts({ terminal, client, project }, file, upload)
      const path = (options['path'] as string | undefined) ?? basename(file)
      const body = { path, upload: id }
      const added = await client.call(addRunArtifact, { params: { project, run }, body })
      show({ path, ...added }, ({ size, digest }) => `${path}: ${bytesText(size)}, SHA-256 ${digest}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('get')
      .argument('<run>', 'id of the run')
      .argument('<path>', 'path among the files of the run')
      .option('--out <file>', 'where to; its name in this folder unless said')
      .description(
        'Fetches a file of a run and checks its digest. The same command goes on where an earlier one stopped.',
      ),
    async (work, run: string, path: string) => {
      const { client, project, options, show } = work
      const directory = path.split('/').slice(0, -1).join('/')
      const { entries } = await client.call(listRunArtifacts, { params: { project, run }, query: { path: directory } })
      const entry = entries.find((one) => one.path === path && !one.isDirectory)
      if (!entry || entry.digest === null) throw new FailedError(`Run ${run} has no file "${path}".`)
      const { digest, size } = entry
      const out = resolve(terminal.cwd, (options['out'] as string | undefined) ?? basename(path))
      await downloadFile(terminal, out, { digest, size }, opener(work, { run, path, digest, size }))
      show({ path, file: out, digest, size }, () => `${out}: ${bytesText(size)}, SHA-256 ${digest}.`)
    },
  )
  artifactReferenceCommands(group, terminal)
}

/** Reads a large file from the object store where the server hands out links and the store can be reached, else from the server. */
function opener(
  { client, project, terminal }: Action,
  { run, path, digest, size }: { run: string; path: string; digest: string; size: number },
): OpenFrom {
  const { signal } = terminal
  let direct = size >= largeFile
  const link = async (): Promise<ContentLink | undefined> => {
    try {
      return await client.call(linkDownload, { params: { project, digest }, signal })
    } catch (error) {
      if (error instanceof ApiError && [403, 404, 409].includes(error.status)) return undefined
      throw error
    }
  }
  return async (start) => {
    const headers = start > 0 ? { range: `bytes=${start}-` } : {}
    const to = direct ? await link() : undefined
    if (to) {
      try {
        const answer = await fetch(to.url, { headers: { ...to.headers, ...headers }, signal })
        if (answer.ok) return answer
        await answer.body?.cancel()
      } catch (error) {
        if (signal.aborted) throw error
      }
    }
    direct = false
    return client.raw(downloadRunArtifact, { params: { project, run }, query: { path }, headers, signal })
  }
}
