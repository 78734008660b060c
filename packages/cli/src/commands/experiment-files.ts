import { type ConfigurationChange, getDatasetVersion } from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import {
  changesOf,
  commandWithValues,
  configurationOf,
  type ExperimentFile,
  flatParams,
  readExperimentFile,
} from '../tracked/experiment-file.ts'
import { type DatasetInput, trackCommand } from '../tracked/track-command.ts'
import { atPipelineVersion, trackPipeline } from '../tracked/track-pipeline.ts'

/** `trivium experiment diff` and `trivium experiment run` */
export function experimentFileCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('diff')
      .argument('<file>', 'an experiment as YAML')
      .argument('[other]', 'another one; what the file changes of its base unless said')
      .description('Shows what an experiment changes: what a reviewer should read.'),
    async ({ show }, file: string, other?: string) => {
      const one = await readExperimentFile(terminal, file)
      const two = other === undefined ? one : await readExperimentFile(terminal, other)
      const before = other === undefined ? one.base : one
      if (before === undefined)
        throw new UsageError(`${one.file} names no base. Name another file, or give it a base: other.yaml`)
      const changes = changesOf(two, before)
      show({ before: before.file, after: two.file, hypothesis: two.hypothesis, changes }, () =>
        describe(before, two, changes),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('run')
      .argument('<file>', 'an experiment as YAML')
      .option('--dry-run', 'says what would run, and runs nothing')
      .option('--hypothesis <text>', "what it is expected to show, in place of the file's")
      .description(
        'Runs an experiment that a file describes: its command, or its pipeline with its parameters. The run keeps the file, what it changes of its base, and its hypothesis. It ends with 0 only when the program does.',
      ),
    async (work, file: string) => {
      const read = await readExperimentFile(terminal, file)
      const said = work.options['hypothesis'] as string | undefined
      const written = said === undefined ? read : { ...read, hypothesis: said.trim() }
      const experiment = written.pipeline === undefined ? written : await atPipelineVersion(work, written)
      const command = commandWithValues(experiment)
      const params = flatParams(experiment.params)
      if (work.options['dryRun']) {
        work.show(
          { command, pipeline: experiment.pipeline ?? null, params, configuration: configurationOf(experiment) },
          () =>
            [
              `${experiment.experiment}: ${experiment.pipeline === undefined ? command.join(' ') : `pipeline ${experiment.pipeline}`}`,
              ...(experiment.base ? [describe(experiment.base, experiment, changesOf(experiment))] : []),
            ].join('\n\n'),
        )
        return
      }
      if (experiment.pipeline === undefined) await runExperiment(work, experiment, { command, params })
      else await runPipeline(work, experiment)
    },
  )
}

async function runExperiment(
  work: Action,
  experiment: ExperimentFile,
  { command, params }: { command: readonly string[]; params: Readonly<Record<string, string>> },
): Promise<void> {
  const inputs = await findInputs(work, experiment.data)
  const { run, code } = await trackCommand(work, {
    command,
    params,
    inputs,
    experiment: experiment.experiment,
    name: experiment.name,
    configuration: configurationOf(experiment),
    tags: tagsOf(experiment),
    variables: {
      TRIVIUM_PARAMS: JSON.stringify(experiment.params),
      TRIVIUM_DATA_VERSIONS: JSON.stringify(experiment.data),
    },
  })
  if (work.options.json) work.show(run, String)
  if (code !== 0)
    throw new FailedError(`${command.join(' ')} ended with ${code}; the run is ${run.status.toLowerCase()}.`)
}

const tagsOf = ({ file, hypothesis }: ExperimentFile): Record<string, string> => ({
  'trivium.experimentFile': file,
  ...(hypothesis === '' ? {} : { 'trivium.hypothesis': hypothesis }),
})

async function runPipeline(work: Action, experiment: ExperimentFile): Promise<void> {
  const { run, pipelineRun } = await trackPipeline(work, experiment, tagsOf(experiment))
  if (work.options.json) work.show({ ...run, pipeline: pipelineRun }, String)
  else work.terminal.err(`trivium: ${experiment.pipeline} ran as ${pipelineRun.id}: ${pipelineRun.state}.\n`)
  if (pipelineRun.state !== 'finished')
    throw new FailedError(
      `${experiment.pipeline} ${pipelineRun.state}${pipelineRun.reason ? `: ${pipelineRun.reason}` : ''}; the run is ${run.status.toLowerCase()}.`,
    )
}

/** The versions that an experiment names, which must be there before it runs. */
async function findInputs(
  { client, project }: Action,
  data: Readonly<Record<string, string>>,
): Promise<readonly DatasetInput[]> {
  const inputs: DatasetInput[] = []
  for (const [context, name] of Object.entries(data)) {
    const [dataset = '', number = ''] = name.split('@')
    const version = Number(number)
    const found = await client.call(getDatasetVersion, { params: { project, dataset, version } })
    inputs.push({ dataset, version, digest: found.version.digest, context })
  }
  return inputs
}

function describe(before: ExperimentFile, after: ExperimentFile, changes: readonly ConfigurationChange[]): string {
  return [
    ...(after.hypothesis === '' ? [] : [`Hypothesis: ${after.hypothesis}`]),
    changes.length === 0
      ? `${after.file} says the same as ${before.file}.`
      : tableText(
          ['what', before.file, after.file],
          changes.map((one) => [one.path, valueText(one.before), valueText(one.after)]),
        ),
  ].join('\n\n')
}

const valueText = (value: unknown): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)
