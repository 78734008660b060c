import { resolve } from 'node:path'
import { listDeletedModels } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
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
        'Writes the project as MLflow keeps it: runs, full histories, models, traces, evaluation datasets and files. A running server gives ids of its own; ours are then in the tag trivium.id. The same command again goes on where it was broken off.',
      ),
    async ({ url, token, client, project, options, show }, target: string) => {
      if (/^[a-z+]+:\/\//.test(target) && !/^https?:/.test(target))
        throw new UsageError('Name a folder, or the http(s) address of a running MLflow server.')
      const skipped: { what: string; why: string }[] = []
      const skip = (what: string, why: string) => void skipped.push({ what, why })
      const own = {
        workspace: project,
        signal: terminal.signal,
        env: token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token },
      }
      const deletedModels = (experiment: string) => deletedModelsOf(client, project, experiment, terminal.signal)
      const source = mlflowServerSource(createMlflowClient(url, own), skip, { deletedModels })
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
          `Wrote ${amountText(done.experiments, 'experiment')}, ${amountText(done.runs, 'run')} with ${amountText(done.points, 'point')}, ${amountText(done.loggedModels, 'logged model')}, ${amountText(done.models, 'registered model')} with ${amountText(done.versions, 'version')}, ${amountText(done.traces, 'trace')}, ${amountText(done.evaluationSets, 'evaluation dataset')} with ${amountText(done.evaluationRecords, 'record')} and ${amountText(done.files, 'file')} to ${done.target}`,
          ...(done.keepsIds || done.traces + done.evaluationRecords === 0
            ? []
            : [
                `Read again and the same: ${done.same.traces} of ${amountText(done.traces, 'trace')}, ${done.same.evaluationRecords} of ${amountText(done.evaluationRecords, 'record')}.`,
              ]),
          '',
          'What differs there:',
          ...done.differs.map(({ what, why }) => `  ${what}: ${why}`),
          ...(skipped.length > 0
            ? ['', 'What could not be taken:', ...skipped.map(({ what, why }) => `  ${what}: ${why}`)]
            : []),
        ].join('\n'),
      )
    },
  )
}

async function deletedModelsOf(
  client: Client,
  project: string,
  experiment: string,
  signal: AbortSignal,
): Promise<string[]> {
  const all: string[] = []
  for (let token: string | null = ''; token !== null; ) {
    const query: { limit: number; page_token?: string } = { limit: 500, ...(token === '' ? {} : { page_token: token }) }
    const page: { models: string[]; nextPageToken: string | null } = await client.call(listDeletedModels, {
      params: { project, experiment },
      query,
      signal,
    })
    all.push(...page.models)
    token = page.nextPageToken
  }
  return all
}
