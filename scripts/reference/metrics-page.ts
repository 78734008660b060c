import { type MetricDefinition, metricDefinitions } from '@trivium/contract'
import { generatedNotice, markdownTable } from './markdown.ts'

/** The reference of the figures at `/metrics`. */
export function metricsPage(): string {
  const rows = Object.entries(metricDefinitions as Record<string, MetricDefinition>).map(([name, one]) => [
    `\`${name}\``,
    one.type,
    one.labels.map((label) => `\`${label}\``).join(', '),
    one.help,
  ])
  return `${generatedNotice}

# Figures at /metrics

Prometheus text, or OpenMetrics 1.0 for who asks for \`application/openmetrics-text\`. Reading needs \`metrics:read\`; figures with the label \`project\` are shown
to those who hold it there. Names, types and labels are stable.

${markdownTable(['name', 'type', 'labels', 'meaning'], rows)}
`
}
