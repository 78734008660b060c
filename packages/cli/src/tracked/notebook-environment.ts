import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { downloadDatasetVersion } from '@trivium/contract'
import { type Action } from '../command.ts'
import { dataDirectory } from '../connection.ts'
import { FailedError, UsageError } from '../fail.ts'
import { outputOf } from './run-program.ts'

const python = fileURLToPath(new URL('../../../../python/', import.meta.url))

/** How JupyterLab is started. */
export interface NotebookStart {
  readonly program: string
  readonly args: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  readonly kernel: string
}

/** Where environments and mounted data of this person stay. */
const cacheOf = (env: Action['terminal']['env']): string =>
  join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'trivium')

/**
 * Builds what a notebook needs: the project's environment exactly as its lock file says, and beside it JupyterLab from a locked list of its own. The kernel runs on the first; the
 * packages of the second come after it on the path, so that no version of the lock changes.
 */
export async function prepareNotebook(
  work: Action,
  {
    folder,
    lock,
    mounts,
    experiment,
  }: { folder: string; lock: string | undefined; mounts: readonly string[]; experiment: string | undefined },
): Promise<NotebookStart> {
  const { terminal, url, token, project, options } = work
  const { createEnvironmentBuilder } = await import('@trivium/server')
  const cache = cacheOf(terminal.env)
  const env = Object.fromEntries(
    Object.entries(terminal.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const builder = createEnvironmentBuilder({
    root: join(cache, 'environments'),
    prebuilt: join(dataDirectory(terminal, options), 'environments.json'),
    python: terminal.env['TRIVIUM_PYTHON'] ?? '',
    env,
  })
  const say = (line: string): void => terminal.err(`${line}\n`)
  const own = await builder.build(await readLock(folder, lock), say, terminal.signal)
  const lab = await builder.build(await readFile(join(python, 'requirements-notebook.txt')), say, terminal.signal)
  const packages = await outputOf(lab.python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
    cwd: folder,
    env,
  })
  if (packages === undefined) throw new FailedError(`${lab.python} does not run. Remove ${cache} and try again.`)
  const jupyter = await mkdtemp(join(tmpdir(), 'trivium-jupyter-'))
  const kernel = join(jupyter, 'kernels', 'trivium')
  await mkdir(kernel, { recursive: true })
  await writeFile(
    join(kernel, 'kernel.json'),
    JSON.stringify({
      argv: [own.python, '-m', 'trivium_notebook', '-f', '{connection_file}'],
      display_name: `${project} (Trivium)`,
      language: 'python',
      env: { PYTHONPATH: python, TRIVIUM_NOTEBOOK_PACKAGES: packages.trim() },
    }),
  )
  const mounted = await mountDatasets(work, join(cache, 'datasets'), mounts)
  return {
    program: lab.python,
    args: [
      '-m',
      'jupyterlab',
      `--ServerApp.root_dir=${folder}`,
      '--MultiKernelManager.default_kernel_name=trivium',
      '--KernelSpecManager.ensure_native_kernel=False',
    ],
    variables: {
      JUPYTER_PATH: [jupyter, terminal.env['JUPYTER_PATH']].filter(Boolean).join(delimiter),
      MLFLOW_TRACKING_URI: url,
      ...(token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token, TRIVIUM_TOKEN: token }),
      ...(experiment === undefined ? {} : { MLFLOW_EXPERIMENT_NAME: experiment }),
      TRIVIUM_URL: url,
      TRIVIUM_PROJECT: project,
      TRIVIUM_DATASETS: JSON.stringify(mounted),
      ...Object.fromEntries(
        Object.entries(mounted).map(([name, path]) => [
          `TRIVIUM_DATASET_${name.replace(/@.*$/, '').replaceAll(/\W/g, '_').toUpperCase()}`,
          path,
        ]),
      ),
    },
    kernel,
  }
}

async function readLock(folder: string, named: string | undefined): Promise<Buffer> {
  const path = named === undefined ? join(folder, 'requirements.txt') : resolve(folder, named)
  if (!existsSync(path))
    throw new UsageError(
      `There is no lock file ${path}. Name one with --lock: requirements with hashes, as "uv pip compile --generate-hashes" writes them.`,
    )
  const lock = await readFile(path)
  if (!lock.includes('--hash=sha256:'))
    throw new UsageError(
      `${path} has no hashes, so that it does not say which packages it means. Lock it: uv pip compile --generate-hashes requirements.in -o ${path}`,
    )
  return lock
}

/** Fetches versions of datasets once, and says where each lies. */
async function mountDatasets(
  { client, project, terminal }: Action,
  root: string,
  mounts: readonly string[],
): Promise<Record<string, string>> {
  const mounted: Record<string, string> = {}
  for (const mount of mounts) {
    const [, dataset, number] = /^([\w.-]+)@(\d+)$/.exec(mount) ?? []
    if (dataset === undefined || number === undefined)
      throw new UsageError(`"${mount}" is no version of a dataset. Write it as flights@3.`)
    const folder = join(root, project, mount)
    const path = join(folder, `${dataset}.parquet`)
    mounted[mount] = path
    if (existsSync(path)) continue
    terminal.err(`Fetching ${mount}.\n`)
    await mkdir(folder, { recursive: true })
    const part = `${path}.part`
    try {
      const answer = await client.raw(downloadDatasetVersion, {
        params: { project, dataset, version: Number(number) },
        signal: terminal.signal,
      })
      await writeFile(part, answer.body ?? new Uint8Array(), { mode: 0o600 })
      await rename(part, path)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }
  return mounted
}
