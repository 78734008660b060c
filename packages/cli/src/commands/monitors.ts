import { defineMonitor, getMonitor, listMonitors, type MonitorDefinition } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { factsText, tableText, timeText } from '../output.ts'
import { readDocument } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium monitors …` */
export function monitorCommands(program: Command, terminal: Terminal): void {
  const group = program.command('monitors').description('Monitors: drift and performance of deployments.')
  onAction(
    terminal,
    group.command('list').description('Lists monitors, those that need attention first.'),
    async ({ client, project, show }) => {
      show(await client.call(listMonitors, { params: { project } }), ({ monitors }) =>
        tableText(
          ['name', 'deployment', 'state', 'window', 'what is the matter', 'up to'],
          monitors.map((m) => [m.name, m.deployment, m.state, m.window, m.headline, timeText(m.updatedAt)]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<name>').description('Shows a monitor.'),
    async ({ client, project, show }, monitor: string) => {
      show(await client.call(getMonitor, { params: { project, monitor } }), (m) =>
        factsText({
          monitor: m.name,
          deployment: m.deployment,
          state: m.state,
          headline: m.headline,
          window: m.window,
          drifted: m.driftedFeatures.join(', '),
          performance:
            m.performance && `${m.performance.metric} ${m.performance.value ?? '–'}, ${m.performance.verdict}`,
          labels: m.labels && `${m.labels.labelled} of ${m.labels.predicted}`,
          definition: `v${m.definitionVersion} by ${m.createdByName}`,
        }),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('define')
      .argument('<file>', 'YAML or JSON with name and definition')
      .option('--name <monitor>', 'name of the monitor, where the file has none')
      .description('Makes a monitor or changes it.'),
    async ({ client, project, options, show }, file: string) => {
      const { name = options['name'], ...definition } = await readDocument<MonitorDefinition & { name?: string }>(
        terminal,
        file,
      )
      if (typeof name !== 'string') throw new UsageError(`${file} has no "name". Add one, or say --name.`)
      show(
        await client.call(defineMonitor, { params: { project, monitor: name }, body: definition as MonitorDefinition }),
        (m) => `${m.name} watches ${m.deployment}, definition v${m.definitionVersion}.`,
      )
    },
  )
}
