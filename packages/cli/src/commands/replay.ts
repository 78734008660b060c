import { getRun, listCheckpoints } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, bytesText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { runCommand } from '../tracked/run-command.ts'
import { runOf } from './run-reference.ts'

/** `trivium experiments replay RUN -- COMMAND` */
export function replayCommand(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('replay')
      .argument('<run>', 'id or name of a run of an experiment')
      .argument(
        '[command...]',
        'what computes the metric, after --; trivium_tracking.replay() gives it the checkpoints',
      )
      .option('--path <folder>', 'folder of the checkpoints among the artifacts of the run', 'checkpoints')
      .option('--list', 'lists the checkpoints, and runs nothing')
      .description(
        'Recovers a metric that was forgotten: runs a program that computes it from the checkpoints of a run. What it logs is marked as recovered.',
      ),
    async (work, reference: string, command: string[]) => {
      const { client, project, options, show } = work
      const run = await runOf(client, project, reference)
      const params = { project, run }
      const path = options['path'] as string
      const found = await client.call(listCheckpoints, { params, query: { path } })
      const { checkpoints, unnumbered } = found
      if (options['list'])
        return show(found, () =>
          checkpoints.length === 0
            ? noCheckpoints(run, path, unnumbered)
            : tableText(
                ['step', 'checkpoint', 'files', 'size'],
                checkpoints.map(({ step, kind, name, uri, files, bytes }) => [
                  step,
                  kind === 'artifact' ? name : `${name} (${uri})`,
                  files,
                  bytesText(bytes),
                ]),
              ),
        )
      if (checkpoints.length === 0) throw new FailedError(noCheckpoints(run, path, unnumbered))
      const [program, ...args] = command
      if (program === undefined)
        throw new UsageError(
          `Say what computes the metric: trivium experiments replay ${reference} -- python recover.py. --list shows the checkpoints.`,
        )
      const steps = [checkpoints[0], checkpoints.at(-1)].map((one) => one?.step)
      terminal.err(
        `trivium: ${amountText(checkpoints.length, 'checkpoint')} of run ${run}, step ${steps[0]} to ${steps[1]}\n`,
      )
      const before = new Map((await client.call(getRun, { params })).recovered.map((one) => [one.key, one.points]))
      const code = await runCommand(work, [program, ...args], () => {}, {
        MLFLOW_TRACKING_URI: work.url,
        ...(work.token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: work.token, TRIVIUM_TOKEN: work.token }),
        TRIVIUM_URL: work.url,
        TRIVIUM_PROJECT: project,
        TRIVIUM_REPLAY_RUN: run,
        TRIVIUM_REPLAY_PATH: path,
        PYTHONUNBUFFERED: '1',
      })
      const { recovered } = await client.call(getRun, { params })
      const fresh = recovered
        .map(({ key, points }) => ({ key, points: points - (before.get(key) ?? 0) }))
        .filter(({ points }) => points > 0)
      show({ run, recovered: fresh }, () =>
        fresh.length === 0
          ? 'No point was recovered.'
          : fresh.map(({ key, points }) => `${key}: ${amountText(points, 'point')} recovered.`).join('\n'),
      )
      if (code !== 0) throw new FailedError(`${command.join(' ')} ended with ${code}.`)
    },
  )
}

function noCheckpoints(run: string, path: string, unnumbered: readonly string[]): string {
  const named =
    unnumbered.length === 0
      ? ''
      : ` No step can be read from ${unnumbered.slice(0, 5).join(', ')}${unnumbered.length > 5 ? ' and others' : ''}.`
  return `The run ${run} has no checkpoints: nothing in the folder "${path}" of its artifacts carries a step in its name, and no model was logged with a step.${named}`
}
