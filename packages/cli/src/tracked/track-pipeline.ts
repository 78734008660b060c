import {
  cancelPipelineRun,
  endRun,
  getPipeline,
  type PipelineRun,
  type RunDetail,
  startPipelineRun,
  updateRun,
} from '@trivium/contract'
import type { Action } from '../command.ts'
import { followRun } from '../follow-run.ts'
import { configurationOf, type ExperimentFile, flatParams, withPipelineVersion } from './experiment-file.ts'
import { openRun } from './track-command.ts'

/** The experiment with the version of its pipeline that is there now, so that a later run can be compared with it. */
export async function atPipelineVersion(
  { client, project }: Action,
  experiment: ExperimentFile,
): Promise<ExperimentFile> {
  const [pipeline = '', version] = (experiment.pipeline ?? '').split('@')
  const found = await client.call(getPipeline, {
    params: { project, pipeline },
    query: version === undefined ? {} : { version: Number(version) },
  })
  return withPipelineVersion(experiment, found.version)
}

/**
 * Runs the pipeline that an experiment names: a run of the experiment keeps the file and what it changes, the pipeline run gets the parameters, and both name each other. Runs that
 * its steps log are nested in it. It ends as the pipeline run ends; whoever stops this command cancels the pipeline run.
 */
export async function trackPipeline(
  work: Action,
  experiment: ExperimentFile,
  tags: Readonly<Record<string, string>>,
): Promise<{ run: RunDetail; pipelineRun: PipelineRun }> {
  const { client, project, terminal } = work
  const [pipeline = '', version = ''] = (experiment.pipeline ?? '').split('@')
  const run = await openRun(work, {
    source: experiment.file,
    words: [experiment.file],
    experiment: experiment.experiment,
    name: experiment.name,
    params: flatParams(experiment.params),
    configuration: configurationOf(experiment),
    // The environment is the pipeline's own.
    keepEnvironment: false,
    tags: { ...tags, 'trivium.pipeline': experiment.pipeline ?? '' },
  })
  const params = { project, run: run.id }
  try {
    const started = await client.call(startPipelineRun, {
      params: { project, pipeline },
      body: { params: { ...experiment.params }, version: Number(version) },
    })
    await client.call(updateRun, { params, body: { tags: { 'trivium.pipelineRun': started.id } } })
    const pipelineRun = await followed(work, started.id)
    const status = statuses[pipelineRun.state] ?? 'FAILED'
    return { run: await client.call(endRun, { params, body: { status } }), pipelineRun }
  } catch (error) {
    await client.call(endRun, { params, body: { status: terminal.signal.aborted ? 'KILLED' : 'FAILED' } })
    throw error
  }
}

const statuses: Partial<Record<PipelineRun['state'], 'FINISHED' | 'KILLED'>> = {
  finished: 'FINISHED',
  cancelled: 'KILLED',
}

async function followed(work: Action, id: string): Promise<PipelineRun> {
  const { client, project, terminal } = work
  try {
    return await followRun(work, id)
  } catch (error) {
    if (terminal.signal.aborted) await client.call(cancelPipelineRun, { params: { project, run: id } })
    throw error
  }
}
