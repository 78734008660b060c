import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'
import { notebookGitCommands } from './notebook-git.ts'
import { notebookStepCommands } from './notebook-step.ts'
import { prepareNotebook } from '../tracked/notebook-environment.ts'

/** `trivium notebook` */
export function notebookCommand(program: Command, terminal: Terminal): void {
  const group = program.command('notebook')
  onAction(
    terminal,
    group
      .argument('[folder]', 'where the notebooks are', '.')
      .option('--lock <file>', 'requirements with hashes; requirements.txt in the folder unless said')
      .option('--experiment <name>', 'experiment that runs go to where the notebook names none')
      .option('--mount <dataset@version>', 'fetches a version of a dataset; repeat it for several', collect)
      .option('--no-browser', 'opens no browser')
      .option('--prepare', 'builds everything and prints how JupyterLab would be started, for an editor of your own')
      .description(
        'Starts JupyterLab on this machine in the locked environment of a project. Runs that a notebook makes keep the cells that made them.',
      ),
    async (work, folder: string) => {
      const { options } = work
      const cwd = resolve(terminal.cwd, folder)
      const start = await prepareNotebook(work, {
        folder: cwd,
        lock: options['lock'] as string | undefined,
        mounts: (options['mount'] as string[] | undefined) ?? [],
        experiment: options['experiment'] as string | undefined,
      })
      if (options['prepare']) {
        const { MLFLOW_TRACKING_TOKEN: _one, TRIVIUM_TOKEN: _other, ...variables } = start.variables
        work.show({ ...start, variables }, ({ program: python, args, kernel }) =>
          [
            `JupyterLab: ${[python, ...args].join(' ')}`,
            `kernel: ${kernel}`,
            'The token is printed by: trivium env',
          ].join('\n'),
        )
        return
      }
      const args = [...start.args, ...(options['browser'] === false ? ['--no-browser'] : [])]
      const child = spawn(start.program, args, {
        cwd,
        env: { ...terminal.env, ...start.variables },
        stdio: 'inherit',
      })
      const stop = (): void => void child.kill('SIGTERM')
      terminal.signal.addEventListener('abort', stop)
      const [code] = (await once(child, 'close')) as [number | null]
      terminal.signal.removeEventListener('abort', stop)
      if (code !== 0 && !terminal.signal.aborted) throw new FailedError(`JupyterLab ended with ${code ?? 'a signal'}.`)
    },
  )
  notebookStepCommands(group, terminal)
  notebookGitCommands(group, terminal)
}

const collect = (value: string, before: string[] = []): string[] => [...before, value]
