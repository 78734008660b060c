import { resolve } from 'node:path'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { createMlflowClient } from '../imports/mlflow-client.ts'
import { mlflowDatabaseTarget } from '../imports/mlflow-export-database.ts'
import { mlflowServerTarget } from '../imports/mlflow-export-server.ts'
import { mlflowServerSource } from '../imports/mlflow-server-source.ts'
import { runExport } from '../imports/run-export.ts'
import { amountText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium export …` */
export function exportCommands(program: Command, terminal: Terminal): void {
  const group = program.command('export').description('Takes experiments, runs and models along to other trackers.')
  onAction(
    terminal,
    group
      .command('mlflow')
      .argument('<target>', 'folder for a new store, which keeps all ids, or address of a running MLflow server')
      .option(
        '--experiments <names>',
        'names of experiments, comma-separated; all, with the registered models, unless said',
      )
      .option(
        '--python <path>',
        'interpreter in which mlflow is installed; it makes the database of the store',
        'python3',
      )
      .description(
        'Writes the project as MLflow keeps it: runs, full histories, models and files. A running server gives ids of its own; ours are then in the tag trivium.id.',
      ),
    async ({ url, token, project, options, show }, target: string) => {
      if (/^[a-z+]+:\/\//.test(target) && !/^https?:/.test(target))
        throw new UsageError('Name a folder, or the http(s) address of a running MLflow server.')
      const skipped: { what: string; why: string }[] = []
      const skip = (what: string, why: string) => void skipped.push({ what, why })
      const own = {
        workspace: project,
        signal: terminal.signal,
        env: token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token },
      }
      const source = mlflowServerSource(createMlflowClient(url, own), skip)
      const to = /^https?:/.test(target)
        ? mlflowServerTarget(createMlflowClient(target, terminal), skip)
        : await mlflowDatabaseTarget(resolve(terminal.cwd, target), String(options['python']))
      const names = ((options['experiments'] as string | undefined) ?? '')
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean)
      const outcome = await runExport(source, to, { names, skip })
      show({ ...outcome, skipped }, (done) =>
        [
          `Wrote ${amountText(done.experiments, 'experiment')}, ${amountText(done.runs, 'run')} with ${amountText(done.points, 'point')}, ${amountText(done.loggedModels, 'logged model')}, ${amountText(done.models, 'registered model')} with ${amountText(done.versions, 'version')} and ${amountText(done.files, 'file')} to ${done.target}`,
          ...(skipped.length > 0
            ? ['', 'What could not be taken:', ...skipped.map(({ what, why }) => `  ${what}: ${why}`)]
            : []),
        ].join('\n'),
      )
    },
  )
}
