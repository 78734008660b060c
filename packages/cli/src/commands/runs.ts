import {
  cancelPipelineRun,
  getPipelineRun,
  listPipelineQueue,
  listPipelineRuns,
  type PipelineRun,
  repeatPipelineRun,
  savePipeline,
  setPipelineRunPriority,
  startPipelineRun,
} from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { readPipeline, uploadFiles } from '../code-bundle.ts'
import { FailedError } from '../fail.ts'
import { followRun, printLogs } from '../follow-run.ts'
import { durationText, factsText, tableText, timeText } from '../output.ts'
import { keyValue, wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium run PIPELINE.yaml` and `trivium runs …` */
export function runCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('run')
      .argument('<pipeline.yaml>', 'definition; the code that it names is uploaded with it')
      .option('--param <name=value>', 'parameter of the run; repeat it for several', keyValue)
      .option('--priority <number>', '0 (last) to 9 (first) in the queue', wholeNumber, 5)
      .option('--wait', 'shows the logs and waits until the run has ended')
      .description(
        'Saves a pipeline with its code and starts a run. With --wait it ends with 0 only when the run finished.',
      ),
    async (work, file: string) => {
      const { client, project, options } = work
      const { name, yaml, files } = await readPipeline(terminal, file)
      const digests = await uploadFiles(terminal, client, project, files)
      const saved = await client.call(savePipeline, {
        params: { project, pipeline: name },
        body: { yaml, path: file, files: digests },
      })
      const params = options['param'] as Record<string, unknown> | undefined
      const run = await client.call(startPipelineRun, {
        params: { project, pipeline: name },
        body: {
          version: saved.version,
          priority: options['priority'] as number,
          ...(params ? { params } : {}),
        },
      })
      if (options['wait']) await finish(work, run)
      else
        work.show(
          run,
          ({ id, version }) => `${name} v${version} runs as ${id}. Follow it: trivium runs logs ${id} --follow`,
        )
    },
  )
  const group = program.command('runs').description('Runs of pipelines, and replay of runs of experiments.')
  onAction(
    terminal,
    group.command('queue').description('Lists the steps that run or wait for a slot, the next one first.'),
    async ({ client, project, show }) => {
      show(await client.call(listPipelineQueue, { params: { project } }), ({ slots, steps }) =>
        steps.length === 0
          ? `Nothing runs or waits; ${slots} steps may run at once.`
          : tableText(
              ['place', 'pipeline', 'step', 'run', 'priority', 'since', 'because'],
              steps.map((step) => [
                step.position === 0 ? 'runs' : step.position,
                step.pipeline,
                step.step,
                step.run,
                step.priority,
                step.queuedAt === null ? '' : timeText(step.queuedAt),
                step.cause.summary,
              ]),
            ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('repeat')
      .argument('<run>', 'prn_…')
      .option('--wait', 'shows the logs and waits until the run has ended')
      .description(
        'Runs a run again from its record: the same code, environment, parameters, data and models, without the cache.',
      ),
    async (work, run: string) => {
      const { client, project, options } = work
      const made = await client.call(repeatPipelineRun, { params: { project, run }, body: {} })
      if (options['wait']) await finish(work, made)
      else work.show(made, ({ id }) => `${id} repeats ${run}. Follow it: trivium runs logs ${id} --follow`)
    },
  )
  onAction(
    terminal,
    group
      .command('prioritize')
      .argument('<run>', 'prn_…')
      .argument('<priority>', '0 (last) to 9 (first)', wholeNumber)
      .description('Moves a run up or down in the queue.'),
    async ({ client, project, show }, run: string, priority: number) => {
      show(
        await client.call(setPipelineRunPriority, { params: { project, run }, body: { priority } }),
        ({ id, pipeline }) => `${id} of ${pipeline} has priority ${priority}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('list')
      .option('--pipeline <name>', 'only those of one pipeline')
      .option('--state <list>', 'states, comma-separated; active is queued, running and waiting')
      .option('--limit <number>', 'at most so many', wholeNumber, 20)
      .description('Lists runs, newest first.'),
    async ({ client, project, options, show }) => {
      const { pipeline, state, limit } = options as { pipeline?: string; state?: string; limit?: number }
      const query = {
        ...(limit === undefined ? {} : { limit }),
        ...(pipeline === undefined ? {} : { pipeline }),
        ...(state === undefined ? {} : { state }),
      }
      show(await client.call(listPipelineRuns, { params: { project }, query }), ({ runs }) =>
        tableText(
          ['id', 'pipeline', 'state', 'started by', 'at', 'took', 'because'],
          runs.map((r) => [
            r.id,
            `${r.pipeline} v${r.version}`,
            r.state,
            r.startedByName,
            timeText(r.createdAt),
            r.finishedAt === null ? null : durationText(r.finishedAt - (r.startedAt ?? r.createdAt)),
            r.reason ?? r.cause.summary,
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<run>', 'prn_…').description('Shows a run with its steps.'),
    async ({ client, project, show }, run: string) => {
      show(await client.call(getPipelineRun, { params: { project, run } }), describeRun)
    },
  )
  onAction(
    terminal,
    group
      .command('logs')
      .argument('<run>', 'prn_…')
      .option('--step <name>', 'only one step')
      .option('--follow', 'goes on until the run has ended')
      .description('Shows what the steps wrote.'),
    async (work, run: string) => {
      const step = work.options['step'] as string | undefined
      if (work.options['follow']) await followRun(work, run, step)
      else
        await printLogs(work, await work.client.call(getPipelineRun, { params: { project: work.project, run } }), step)
    },
  )
  onAction(
    terminal,
    group
      .command('cancel')
      .argument('<run>', 'prn_…')
      .description('Cancels a run: running steps are stopped, the others never begin.'),
    async ({ client, project, show }, run: string) => {
      show(await client.call(cancelPipelineRun, { params: { project, run } }), ({ id, state }) => `${id}: ${state}.`)
    },
  )
}

async function finish(work: Action, started: PipelineRun): Promise<void> {
  const run = await followRun(work, started.id)
  work.show(run, describeRun)
  if (run.state !== 'finished') throw new FailedError(`${run.pipeline} ${run.state}: ${run.reason ?? ''}`.trimEnd())
}

function describeRun(run: PipelineRun): string {
  const took = run.finishedAt === null ? null : durationText(run.finishedAt - (run.startedAt ?? run.createdAt))
  return [
    factsText({
      run: run.id,
      pipeline: `${run.pipeline} v${run.version}`,
      state: run.state,
      reason: run.reason,
      because: run.cause.summary,
      'started by': run.startedByName,
      took,
    }),
    tableText(
      ['step', 'kind', 'state', 'took', 'cache', 'why'],
      run.steps.map((s) => [
        s.name,
        s.kind,
        s.state,
        s.startedAt === null || s.finishedAt === null ? null : durationText(s.finishedAt - s.startedAt),
        s.cache?.outcome,
        s.reason ?? s.verdict?.reason ?? s.cache?.reason,
      ]),
    ),
  ].join('\n\n')
}
