import {
  defineMonitor,
  getMonitor,
  getMonitorLabelDelay,
  getMonitorWindow,
  getSliceSeries,
  getViolationSeries,
  listMonitors,
  listMonitorWindows,
  type MonitorDefinition,
} from '@trivium/contract'
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
      .command('slices')
      .argument('<name>')
      .option('--by <column>', 'only slices by this input or feature')
      .description('Shows the metrics of the newest window, whole and by slice, with how many labels have come.'),
    async ({ client, project, options, show }, monitor: string) => {
      const by = options['by']
      const found = await client.call(getSliceSeries, {
        params: { project, monitor },
        query: typeof by === 'string' ? { by } : {},
      })
      show(found, ({ slices }) => {
        const newest = Math.max(...slices.flatMap(({ points }) => points.map(({ start }) => start)))
        const rows = slices.flatMap((slice) =>
          slice.points.filter(({ start }) => start === newest).map((point) => ({ ...slice, ...point })),
        )
        const [first] = rows
        if (!first) return 'No window has been measured yet.'
        const names = Object.keys(first.values)
        return tableText(
          ['slice', 'value', 'predicted', 'labelled', ...names],
          rows.map(({ by: column, value, rare, predicted, labelled, coverage, values }) => [
            column ?? 'whole',
            `${value ?? ''}${rare ? ' (rare)' : ''}`,
            predicted,
            `${labelled} (${Math.floor(coverage * 100)} %)`,
            ...names.map((name) => values[name]?.toPrecision(4) ?? '–'),
          ]),
        )
      })
    },
  )
  onAction(
    terminal,
    group
      .command('delays')
      .argument('<name>')
      .description('Shows how long labels take, source by source, and what that disrupts.'),
    async ({ client, project, show }, monitor: string) => {
      show(await client.call(getMonitorLabelDelay, { params: { project, monitor } }), ({ sources, warnings }) =>
        [
          tableText(
            ['source', 'labels', 'half within', '95 % within', 'newer weeks against older'],
            sources.map(({ source, labels, quantiles, change }) => [
              source ?? '(not named)',
              labels,
              hoursText(quantiles.find(({ share }) => share === 0.5)?.ms),
              hoursText(quantiles.find(({ share }) => share === 0.95)?.ms),
              change === null ? '–' : `× ${change.toPrecision(3)}`,
            ]),
          ),
          ...warnings.map(({ message }) => `warning: ${message}`),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('outputs')
      .argument('<name>')
      .description('Compares the predictions of the newest window with what the model said about its training rows.'),
    async ({ client, project, show }, monitor: string) => {
      const { windows } = await client.call(listMonitorWindows, { params: { project, monitor }, query: { limit: 1 } })
      const [newest] = windows
      const found = newest
        ? await client.call(getMonitorWindow, { params: { project, monitor, start: newest.start } })
        : null
      show({ window: newest?.start ?? null, outputs: found?.details?.outputs ?? null }, ({ outputs }) =>
        outputs
          ? tableText(
              ['slice', 'value', 'predictions', 'mean', 'training mean', 'distance', 'q', 'verdict'],
              outputs.map((one) => [
                one.by ?? 'whole',
                one.value,
                one.rows,
                one.mean?.toPrecision(4) ?? '–',
                one.trainingMean?.toPrecision(4) ?? '–',
                one.effect?.toPrecision(3) ?? '–',
                one.q?.toPrecision(2) ?? '–',
                one.verdict,
              ]),
            )
          : 'No window knows what the model said about its training rows: evaluate it in a pipeline, with input "training".',
      )
    },
  )
  onAction(
    terminal,
    group
      .command('violations')
      .argument('<name>')
      .description('Counts live values that break what the training data keep, feature by feature, window by window.'),
    async ({ client, project, show }, monitor: string) => {
      show(await client.call(getViolationSeries, { params: { project, monitor }, query: {} }), ({ features }) =>
        tableText(
          ['feature', 'training has', 'window', 'rows', 'missing', 'type', 'range', 'unseen', 'format', 'examples'],
          features.flatMap(({ feature, allowed, points }) =>
            points
              .filter((point, index) => point.violations > 0 || index === points.length - 1)
              .map((point) => [
                feature,
                allowed,
                timeText(point.start),
                point.rows,
                point.missing,
                point.wrongType,
                point.outOfRange,
                point.unseen,
                point.wrongFormat,
                point.examples.join(', '),
              ]),
          ),
        ),
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

const hoursText = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 3_600_000).toPrecision(3)} h`)
