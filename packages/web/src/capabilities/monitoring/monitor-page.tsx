import { getDriftHistory, getMonitor, getPerformanceSeries, listMonitorWindows, type Monitor } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { moment, oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatNumber, formatShare } from '../../ui/format-number.ts'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { TimeRange } from '../../ui/time.tsx'
import { Interval } from '../../ui/value.tsx'
import { DataTab } from './data-tab.tsx'
import { InputsTab } from './inputs-tab.tsx'
import { LabelDelaySection } from './label-delay-section.tsx'
import { arrivalWord, measureTitle } from './measure-words.ts'
import { monitorKind, monitorWord } from './monitor-state.ts'
import { OutputsSection } from './outputs-section.tsx'
import { PerformanceTab } from './performance-tab.tsx'
import { SlicesTab } from './slices-tab.tsx'
import { useWatchMarks } from './watch-marks.ts'
import { WindowsTab } from './windows-tab.tsx'

const shape = {
  tab: oneOf(['auto', 'performance', 'slices', 'data', 'inputs', 'windows'], 'auto'),
  feature: text(),
  window: moment(),
}

/** One monitor: realised performance, drift of its features, and each window that it judged. */
export function Page() {
  const { project, monitor } = usePageParams<'monitor'>()
  const query = useContractQuery(getMonitor, { params: { project, monitor } })
  return (
    <QueryView query={query} what="the monitor" shape="facts" permission="monitor:read">
      {(data) => <MonitorView project={project} monitor={data} />}
    </QueryView>
  )
}

function MonitorView({ project, monitor }: { readonly project: string; readonly monitor: Monitor }) {
  const [view, setView] = useSearchState(shape)
  const params = { project, monitor: monitor.name }
  const performance = useContractQuery(getPerformanceSeries, { params, query: {} })
  const drift = useContractQuery(getDriftHistory, { params, query: {} })
  const windows = useContractQuery(listMonitorWindows, { params, query: { limit: 100 } })
  const marks = useWatchMarks(project, monitor.name, monitor.deployment)
  const start =
    view.tab !== 'auto'
      ? view.tab
      : view.window !== undefined
        ? 'windows'
        : monitor.definition.performance
          ? 'performance'
          : 'data'
  const newest = windows.data?.windows[0]
  const judged = monitor.performance
  return (
    <>
      <PageHeader
        kind="monitor"
        title={monitor.name}
        state={{ kind: monitorKind(monitor.state), word: monitorWord(monitor) }}
      />
      <Facts
        facts={[
          {
            label: 'Watches',
            value: <EntityLink kind="deployment" name={monitor.deployment} look="bare" />,
          },
          monitor.model !== null && {
            label: 'Judged now',
            value: <EntityLink kind="model" name={monitor.model} version={monitor.version ?? undefined} look="bare" />,
          },
          judged && {
            label: `${measureTitle(judged.metric)}, last judged window`,
            value: (
              <>
                <Interval value={judged.value} low={judged.interval?.low} high={judged.interval?.high} strong />
                <span className="t3">
                  {judged.value !== null && <TimeRange from={judged.start} to={judged.end - 1} />}
                  {judged.baseline !== null &&
                    `, baseline ${formatNumber(judged.baseline, 3)}, margin ${judged.margin}`}
                </span>
              </>
            ),
          },
          monitor.labels && {
            label: 'Labels of the newest window',
            value:
              monitor.labels.predicted === 0 ? (
                <span className="t3">no prediction to label</span>
              ) : (
                <>
                  {formatShare(monitor.labels.labelled / monitor.labels.predicted, 0)}
                  <span className="t3">{arrivalWord(monitor.labels)}</span>
                </>
              ),
          },
          newest && { label: 'Newest window', value: <TimeRange from={newest.start} to={newest.end - 1} /> },
          { label: 'Windows of', value: monitor.window },
        ]}
      />
      <Claim>{monitor.headline}</Claim>
      <Tabs
        value={start}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'performance', label: 'Performance' },
          { id: 'slices', label: 'Slices' },
          { id: 'data', label: 'Data', count: monitor.features || undefined },
          { id: 'inputs', label: 'Inputs and outputs' },
          { id: 'windows', label: 'Windows', count: windows.data?.windows.length },
        ]}
      />
      <TabPanel tab={start}>
        {start === 'performance' && (
          <>
            <PerformanceTab monitor={monitor} performance={performance} drift={drift} marks={marks} project={project} />
            <LabelDelaySection project={project} monitor={monitor.name} />
          </>
        )}
        {start === 'data' && (
          <DataTab
            project={project}
            monitor={monitor}
            drift={drift}
            windows={windows}
            marks={marks}
            feature={view.feature}
            window={view.window}
            onFeature={(feature) => setView({ feature })}
          />
        )}
        {start === 'slices' && <SlicesTab project={project} monitor={monitor.name} window={view.window} />}
        {start === 'inputs' && (
          <>
            <InputsTab project={project} monitor={monitor.name} />
            {newest && (
              <div className="mt-24">
                <OutputsSection project={project} monitor={monitor.name} start={view.window ?? newest.start} />
              </div>
            )}
          </>
        )}
        {start === 'windows' && (
          <WindowsTab
            monitor={monitor}
            windows={windows}
            window={view.window}
            onWindow={(window) => setView({ window, tab: 'windows' })}
            onFeature={(feature, window) => setView({ feature, window, tab: 'data' }, { push: true })}
          />
        )}
      </TabPanel>
    </>
  )
}
