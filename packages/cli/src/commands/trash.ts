import { emptyTrash, listTrash, restoreExperiment, restoreRun } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const isRun = (id: string): boolean => /^[0-9a-f]{32}$/.test(id)

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

/** `trivium trash …` */
export function trashCommands(program: Command, terminal: Terminal): void {
  const group = program.command('trash').description('Deleted experiments and runs.')
  onAction(
    terminal,
    group
      .command('list')
      .description(
        'Lists what is in the trash, and when it is removed for good; of the runs the last 500 that were deleted.',
      ),
    async ({ client, project, show }) => {
      show(await client.call(listTrash, { params: { project }, query: { limit: 500 } }), ({ experiments, runs }) =>
        experiments.length + runs.length === 0
          ? 'The trash is empty.'
          : tableText(
              ['what', 'id', 'name', 'deleted', 'goes', 'needed by'],
              [
                ...experiments.map((one) => [
                  `experiment of ${one.runs}`,
                  one.id,
                  one.name,
                  timeText(one.deletedAt),
                  one.removing ? 'now' : timeText(one.removedAt),
                  one.heldBy ?? '',
                ]),
                ...runs.map((one) => [
                  'run',
                  one.id,
                  one.name,
                  timeText(one.deletedAt),
                  timeText(one.removedAt),
                  one.heldBy ?? '',
                ]),
              ],
            ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('restore')
      .argument('<id...>', 'ids of experiments (numbers) and runs (32 hex characters)')
      .description('Brings experiments, with their runs, and runs back.'),
    async ({ client, project, show }, ids: string[]) => {
      for (const id of ids) {
        if (isRun(id)) await client.call(restoreRun, { params: { project, run: id } })
        else await client.call(restoreExperiment, { params: { project, experiment: id } })
      }
      show({ restored: ids }, () => `Restored ${ids.join(', ')}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('remove')
      .argument('[id...]', 'ids of experiments (numbers) and runs (32 hex characters)')
      .option('--all', 'everything that is in the trash now and that nothing needs')
      .description('Removes for good, with metrics, files and logged models. It cannot be taken back.'),
    async ({ client, project, options, show }, ids: string[]) => {
      const all = options['all'] === true
      if (all === ids.length > 0)
        throw new FailedError('Name experiments or runs that are to be removed for good, or give --all.')
      const body = all ? { all } : { runs: ids.filter(isRun), experiments: ids.filter((id) => !isRun(id)) }
      show(
        await client.call(emptyTrash, { params: { project }, body }),
        ({ experiments, runs }) => `Removing ${counted(experiments, 'experiment')} and ${counted(runs, 'run')}.`,
      )
    },
  )
}
