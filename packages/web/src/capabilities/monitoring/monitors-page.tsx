import { listMonitors, type MonitorSummary } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { monitorKind, monitorWord, needsAttention } from './monitor-state.ts'
import { MonitorsTable } from './monitors-table.tsx'
import { WorstMonitor } from './worst-monitor.tsx'

/** Every monitor of the project, worst first, and what is the matter with the worst. */
export function Page() {
  const { project } = usePageParams()
  const query = useContractQuery(listMonitors, { params: { project }, query: {} })
  return (
    <QueryView query={query} what="the monitors" permission="monitor:read">
      {({ monitors }) => {
        const worst = monitors[0]
        if (!worst) return <NoMonitors project={project} />
        return (
          <>
            <PageHeader
              title={sentenceOf(monitors)}
              sentence={monitorKind(worst.state)}
              more={needsAttention(worst) || worst.state === 'in-range' ? worst.headline : undefined}
            />
            <div className="mt-16">
              <MonitorsTable project={project} monitors={monitors} />
              <div className="row wrap gap-16 mt-8 sm t3">
                {(['in-range', 'drifted', 'degraded', 'cannot-judge'] as const).map((state) => (
                  <span key={state} className="row">
                    <StateGlyph kind={monitorKind(state)} label={false} />
                    {monitorWord({ state, driftedFeatures: [], features: 0 })}
                  </span>
                ))}
              </div>
            </div>
            <WorstMonitor key={worst.name} project={project} monitor={worst} />
          </>
        )
      }}
    </QueryView>
  )
}

function sentenceOf(monitors: readonly MonitorSummary[]): string {
  const attention = monitors.filter(needsAttention)
  const one = monitors.length === 1
  if (attention.length > 0) {
    const names = attention.map((monitor) => monitor.name)
    const list = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
    if (one && attention[0]) return `${attention[0].name} needs attention: ${monitorWord(attention[0])}`
    return `${attention.length} of ${monitors.length} monitors ${attention.length === 1 ? 'needs' : 'need'} attention: ${list}`
  }
  const judged = monitors.filter((monitor) => monitor.state === 'in-range').length
  if (judged === 0) return one ? `${monitors[0]?.name} cannot be judged yet` : 'No monitor can be judged yet'
  if (one) return `${monitors[0]?.name} is in range`
  return judged === monitors.length
    ? `All ${monitors.length} monitors are in range`
    : `${judged} of ${monitors.length} monitors are in range, the others cannot be judged yet`
}

function NoMonitors({ project }: { readonly project: string }) {
  return (
    <>
      <PageHeader title="Monitors" />
      <Empty
        title="No monitor yet"
        steps={[
          {
            title: 'Say what to watch, in monitor.yaml',
            command:
              'name: arrival-delay\ndeployment: arrival-delay\nwindow: 7d\ndrift: {}\nperformance:\n  prediction: probability\n  metrics: [{ metric: log-loss, margin: 0.02 }]',
          },
          { title: 'Define it', command: `trivium monitors define monitor.yaml --project ${project}` },
          { title: 'Waiting for the first monitor', waiting: true },
        ]}
      >
        A monitor compares the inputs of a deployment with the data that its model learned from, and what the model said
        with what turned out, window by window.
      </Empty>
    </>
  )
}
