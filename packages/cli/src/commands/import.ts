import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { openMlflowSource } from '../imports/open-mlflow-source.ts'
import { type ImportOutcome, runImport } from '../imports/run-import.ts'
import type { Skip, Source } from '../imports/source.ts'
import { tensorboardSource } from '../imports/tensorboard-source.ts'
import { wandbSource } from '../imports/wandb-source.ts'
import { FailedError } from '../fail.ts'
import { amountText, bytesText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const shownSkipped = 20

/** `trivium import …` */
export function importCommands(program: Command, terminal: Terminal): void {
  const group = program.command('import').description('Brings what other trackers hold into the project.')
  withOptions(
    group
      .command('mlflow')
      .argument(
        '<source>',
        'address of an MLflow server, SQLite file, postgresql:// address of its store, or mlruns folder',
      )
      .option(
        '--artifacts <directory>',
        'folder that holds the artifacts of a store (what mlflow-artifacts:/ stands for)',
      ),
  )
    .option(
      '--experiments <names>',
      'names of experiments, comma-separated; all, with the registered models, unless said',
    )
    .description(
      'Copies experiments, runs, full histories, models, traces, evaluation datasets and files of MLflow, with their ids and times. The same command again goes on where it was broken off and brings what is new.',
    )
  onAction(terminal, group.commands.at(-1) as Command, async (work, source: string) => {
    const artifacts = work.options['artifacts'] as string | undefined
    await importFrom(work, (skip) =>
      openMlflowSource(terminal, source, { ...(artifacts === undefined ? {} : { artifacts }), skip }),
    )
  })
  onAction(
    terminal,
    withOptions(
      group
        .command('tensorboard')
        .argument('<logdir>', 'folder with event files, as TensorBoard takes it')
        .description('Copies scalars, hyperparameters and images of TensorBoard event files: a run for each folder.'),
    ),
    (work, logdir: string) => importFrom(work, (skip) => tensorboardSource(resolve(terminal.cwd, logdir), skip)),
  )
  onAction(
    terminal,
    withOptions(
      group
        .command('wandb')
        .argument(
          '<folder>',
          'folder with logs of runs (run-*.wandb), or with exported runs, each with a history.jsonl',
        )
        .description(
          'Copies runs of Weights & Biases from their logs or exported files: history, settings, system metrics, console, summary and files.',
        ),
    ),
    (work, folder: string) => importFrom(work, (skip) => wandbSource(resolve(terminal.cwd, folder), skip)),
  )
}

function withOptions(command: Command): Command {
  return command
    .option('--dry-run', 'reads the source and says what would come; sends nothing')
    .option('--full', 'reads runs again that have not changed since an earlier import')
    .option('--no-files', 'leaves files (artifacts) out')
}

/** Runs an import and says what came of it; fails where both sides are not the same. */
async function importFrom(work: Action, open: (skip: Skip) => Promise<Source>): Promise<void> {
  const list: { what: string; why: string }[] = []
  const skip: Skip = (what, why) => void list.push({ what, why })
  const { options } = work
  const source = await open(skip)
  try {
    const outcome = await runImport(
      work,
      source,
      {
        experiments: ((options['experiments'] as string | undefined) ?? '')
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
        dryRun: options['dryRun'] === true,
        full: options['full'] === true,
        files: options['files'] !== false,
      },
      { list, skip },
    )
    work.show(outcome, outcomeText)
    if (!outcome.report.verified)
      throw new FailedError('Both sides are not the same; the list says where. Run the command again.')
  } finally {
    await source.close()
  }
}

function outcomeText({ import: made, report, runs, points }: ImportOutcome): string {
  const { skipped, moreSkipped } = report
  const read = `${amountText(runs, 'run')} with ${amountText(points, 'point')}, ${amountText(report.loggedModels, 'logged model')}, ${amountText(report.models, 'registered model')} with ${amountText(report.versions, 'version')}${
    (report.traces ?? 0) > 0 ? `, ${amountText(report.traces ?? 0, 'trace')}` : ''
  }${
    (report.evaluationSets ?? 0) > 0
      ? `, ${amountText(report.evaluationSets ?? 0, 'evaluation dataset')} with ${amountText(report.evaluationRecords ?? 0, 'record')}`
      : ''
  }`
  const lines = [
    made === null
      ? `Would bring ${read}. Nothing was sent.`
      : `Brought ${read}, ${amountText(report.files, 'file')} (${bytesText(report.bytes)}).${report.unchangedRuns > 0 ? ` ${amountText(report.unchangedRuns, 'run')} had not changed.` : ''}`,
  ]
  if (report.experiments.length > 0)
    lines.push(
      '',
      tableText(
        ['experiment', 'id', 'runs', 'params', 'tags', 'points', 'same on both sides'],
        report.experiments.map(({ name, id, here, same }) => [
          name,
          id,
          here.runs,
          here.params,
          here.tags,
          here.points,
          same ? 'yes' : 'NO',
        ]),
      ),
    )
  if (skipped.length > 0) {
    lines.push(
      '',
      'What could not be taken:',
      ...skipped.slice(0, shownSkipped).map(({ what, why }) => `  ${what}: ${why}`),
    )
    const more = skipped.length + moreSkipped - shownSkipped
    if (more > 0) lines.push(`  and ${more} more; --json lists them`)
  }
  return lines.join('\n')
}
