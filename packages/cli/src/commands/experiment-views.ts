import { deleteRunView, listRunViews, saveRunView, searchRuns } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { experimentOf } from './experiments.ts'

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

/** `trivium experiments views …`: searches over runs that were saved under a name. */
export function experimentViewCommands(experiments: Command, terminal: Terminal): void {
  const group = experiments
    .command('views')
    .description('Views of runs that are saved: filter, sort, columns, grouping.')
  onAction(
    terminal,
    group.command('list').argument('<experiment>', 'its name').description('Lists the views that are mine or shared.'),
    async ({ client, project, show }, name: string) => {
      const experiment = await experimentOf(client, project, name)
      show(await client.call(listRunViews, { params: { project }, query: { experiment } }), ({ views }) =>
        tableText(
          ['view', 'of', 'filter', 'sort', 'group'],
          views.map((one) => [
            one.name,
            one.shared ? `${one.ownerName}, shared` : 'you',
            one.filter,
            one.sort,
            one.group.join(','),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('save')
      .argument('<experiment>', 'its name')
      .argument('<view>', 'the name of the view')
      .option('--filter <text>', 'as experiments runs takes it', '')
      .option('--sort <list>', 'such as -metrics.auc,start_time', '-start_time')
      .option('--columns <list>', 'such as metrics.auc,params.kind', '')
      .option('--group <list>', 'parameters or tags', '')
      .option('--shared', 'for everybody who reads the runs')
      .description('Saves a view; yours of the same name is replaced.'),
    async ({ client, project, options, show }, experimentName: string, name: string) => {
      const { filter = '', sort = '', columns, group: by, shared } = options as Record<string, string | undefined>
      const experiment = await experimentOf(client, project, experimentName)
      const body = {
        name,
        experiment,
        filter,
        sort,
        columns: listOf(columns),
        group: listOf(by),
        shared: shared !== undefined,
      }
      show(await client.call(saveRunView, { params: { project }, body }), (view) => `Saved "${view.name}".`)
    },
  )
  const viewOf = async (
    client: Parameters<typeof experimentOf>[0],
    project: string,
    experiment: string,
    name: string,
  ) => {
    const { views } = await client.call(listRunViews, { params: { project }, query: { experiment } })
    const found = views.find((one) => one.name === name && one.mine) ?? views.find((one) => one.name === name)
    if (!found) throw new UsageError(`There is no view "${name}". trivium experiments views list shows them.`)
    return found
  }
  onAction(
    terminal,
    group
      .command('show')
      .argument('<experiment>', 'its name')
      .argument('<view>', 'its name')
      .description('Lists the first 100 runs that a view finds.'),
    async ({ client, project, show }, experimentName: string, name: string) => {
      const experiment = await experimentOf(client, project, experimentName)
      const { filter, sort, columns } = await viewOf(client, project, experiment, name)
      const order = listOf(sort).map((key) => (key.startsWith('-') ? `${key.slice(1)} desc` : key))
      const query = {
        experiment,
        limit: 100,
        columns: columns.join(',') || 'metrics.*',
        ...(filter === '' ? {} : { filter }),
        ...(order.length === 0 ? {} : { order_by: order.join(', ') }),
      }
      show(await client.call(searchRuns, { params: { project }, query }), ({ runs }) => {
        const keys = [...new Set(runs.flatMap((run) => [...Object.keys(run.metrics), ...Object.keys(run.params)]))]
        return tableText(
          ['run', 'name', ...keys],
          runs.map((run) => [run.id, run.name, ...keys.map((key) => run.metrics[key] ?? run.params[key] ?? null)]),
        )
      })
    },
  )
  onAction(
    terminal,
    group
      .command('delete')
      .argument('<experiment>', 'its name')
      .argument('<view>', 'its name')
      .description('Deletes a view.'),
    async ({ client, project, show }, experimentName: string, name: string) => {
      const experiment = await experimentOf(client, project, experimentName)
      const { id } = await viewOf(client, project, experiment, name)
      await client.call(deleteRunView, { params: { project, view: id } })
      show({ deleted: id }, () => `Deleted "${name}".`)
    },
  )
}
