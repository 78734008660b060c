import { constants } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { getSession, getStatus } from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import type { Connection } from '../connection.ts'
import { bytesText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { failed, type Finding, firstLine, ok, tryProgram, warning } from './check.ts'

const leastFree = 1_000_000_000

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** The folder for temporary files: models, tables and Python work in it. */
export async function checkTemporaryFolder({ env }: Terminal): Promise<Finding> {
  const folder = env['TMPDIR'] ?? tmpdir()
  const mend = 'Set TMPDIR to a folder where programs may be written and run, with 1 GB free.'
  let own: string | undefined
  try {
    own = await mkdtemp(join(folder, 'trivium-doctor-'))
    const script = join(own, 'try.sh')
    await writeFile(script, '#!/bin/sh\nexit 0\n')
    await chmod(script, 0o700)
    if ((await tryProgram(script, [], env)).code !== 0)
      return failed('temporary folder', `${folder}: nothing in it can be run`, mend)
    const free = await freeBytes(own)
    return free < leastFree
      ? warning('temporary folder', `${folder}: ${bytesText(free)} free`, mend)
      : ok('temporary folder', `${folder}, ${bytesText(free)} free`)
  } catch (error) {
    return failed('temporary folder', `${folder}: ${(error as Error).message}`, mend)
  } finally {
    if (own !== undefined) await rm(own, { recursive: true, force: true })
  }
}

/** The data directory, or the folder that it would be made in. */
export async function checkDataDirectory(directory: string): Promise<Finding> {
  const mend = `Give another directory with --data, or mend the rights: chmod 700 ${directory}`
  try {
    let place = directory
    while (!(await stat(place).catch(() => undefined)) && dirname(place) !== place) place = dirname(place)
    if (place !== directory) {
      await access(place, constants.W_OK)
      return ok('data directory', `${directory} will be made`)
    }
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    await mkdir(join(directory, 'tmp'), { recursive: true })
    const free = await freeBytes(directory)
    return free < leastFree
      ? warning(
          'data directory',
          `${directory}: ${bytesText(free)} free`,
          'Make room; uploads are refused when the disk is full.',
        )
      : ok('data directory', `${directory}, ${bytesText(free)} free`)
  } catch (error) {
    return failed('data directory', `${directory}: ${(error as Error).message}`, mend)
  }
}

/** Whether the server answers, and whether it knows who asks. */
export async function checkServer({ url, token, client }: Connection): Promise<Finding[]> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })
    if (!response.ok)
      return [
        failed(
          'server',
          `${url} answers ${response.status}: ${firstLine(await response.text())}`,
          'Something else may listen there. Set TRIVIUM_URL.',
        ),
      ]
  } catch {
    return [warning('server', `no answer from ${url}`, 'Start it: trivium up. Or set TRIVIUM_URL.')]
  }
  const server = ok('server', `${url} answers`)
  if (token === undefined)
    return [
      server,
      warning('token', 'none', 'Set TRIVIUM_TOKEN, or name the data directory of the server with --data.'),
    ]
  try {
    const session = await client.call(getSession, {})
    const { length } = session.projects
    const known = ok('token', `${session.name}, ${length} ${length === 1 ? 'project' : 'projects'}`)
    return [server, known, ...(await serverFindings(client))]
  } catch (error) {
    const why = error instanceof ApiError ? error.detail : String(error)
    return [server, failed('token', why, 'Make a new one: trivium token create NAME, or Settings, Tokens.')]
  }
}

/** What the server says of its own parts, where the token may ask. */
async function serverFindings(client: Connection['client']): Promise<Finding[]> {
  try {
    const { findings } = await client.call(getStatus, {})
    return findings.map((finding) => ({ ...finding, check: `server: ${finding.check}` }))
  } catch (error) {
    // Viewers and contributors may not see how the server does.
    if (error instanceof ApiError && error.status === 403) return []
    throw error
  }
}
