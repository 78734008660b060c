import {
  archiveRuns,
  deleteRun,
  findModelVersions,
  getMetricSeries,
  getRun,
  listBaselines,
  restoreRun,
  type RunDetail,
} from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { useNow } from '../../ui/environment.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatBytes, formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Hash } from '../../ui/hash.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Section, WithAside } from '../../ui/section.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { useToasts } from '../../ui/undo-toast.tsx'
import { RunBaselines } from '../exploration/run-baselines.tsx'
import { RunDrafts } from '../exploration/run-drafts.tsx'
import { TraceTable } from '../traces/trace-table.tsx'
import { ArtifactTree } from './artifact-tree.tsx'
import { RunAside } from './run-aside.tsx'
import { RunConsole } from './run-console.tsx'
import { RunHistograms } from './run-histograms.tsx'
import { MetricTable, ParamTable } from './run-facts-tables.tsx'
import { CurveChart } from './run-curves.tsx'
import { isOwnTag } from './run-keys.ts'
import { RunNote } from './run-note.tsx'
import { RunReferences } from './run-references.tsx'
import { RunRecovered } from './run-recovered.tsx'
import { RunSources } from './run-sources.tsx'
import { runStatus } from './run-status.ts'
import { RunSystem } from './run-system.tsx'
import { isSystemMetric } from './system-metric.ts'
import { useLiveRuns } from './use-live-runs.ts'
import { ImagePanels } from './workspace/image-panels.tsx'

const shape = {
  tab: oneOf(['metrics', 'params', 'console', 'sources', 'system', 'files', 'tags', 'traces'], 'metrics'),
}
const mostCurves = 12

/** One run: what it measured, with what, from what, and what it left. */
export function Page() {
  const { project, run } = usePageParams<'run'>()
  const query = useContractQuery(getRun, { params: { project, run } })
  useLiveRuns(
    (id) => id === run,
    () => void query.refetch(),
  )
  return (
    <QueryView query={query} what="the run" shape="facts" permission="run:read">
      {(data) => <RunView project={project} run={data} />}
    </QueryView>
  )
}

function RunView({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const [view, setView] = useSearchState(shape)
  const now = useNow()
  const toasts = useToasts()
  const params = { project, run: run.id }
  const restore = useContractMutation(restoreRun, { invalidates: [getRun] })
  const remove = useContractMutation(deleteRun, {
    invalidates: [getRun],
    onDone: () => toasts.undo(`${run.name} is in the trash`, () => restore.mutate({ params })),
  })
  const archive = useContractMutation(archiveRuns, { invalidates: [getRun] })
  const move = (archived: boolean) => archive.mutate({ params: { project }, body: { runs: [run.id], archived } })
  const results = run.metrics.filter(({ key }) => !isSystemMetric(key))
  const error = remove.error ?? restore.error ?? archive.error
  const versions = useContractQuery(findModelVersions, { params: { project }, query: { run: run.id, limit: 50 } })
  const pipeline = run.pipelineRun === null ? undefined : parseUrn(run.pipelineRun)
  const tags = Object.entries(run.tags).filter(([key]) => !isOwnTag(key))
  const end = run.endedAt ?? (run.status === 'RUNNING' ? now : null)
  return (
    <>
      <PageHeader
        kind="run"
        title={run.name}
        state={runStatus(run)}
        note={
          run.lifecycle === 'deleted'
            ? 'in the trash'
            : run.archivedAt === null
              ? undefined
              : run.archivedBecause
                ? `in the archive: ${run.archivedBecause}`
                : 'in the archive'
        }
        actions={
          run.lifecycle === 'deleted' ? (
            <Button pending={restore.isPending} onClick={() => restore.mutate({ params })}>
              Restore the run
            </Button>
          ) : (
            <>
              <Button pending={archive.isPending} onClick={() => move(run.archivedAt === null)}>
                {run.archivedAt === null ? 'Archive the run' : 'Take it out of the archive'}
              </Button>
              <Button pending={remove.isPending} onClick={() => remove.mutate({ params })}>
                Delete the run
              </Button>
            </>
          )
        }
      />
      {error && <State kind="bad">{error.detail}</State>}
      <Facts
        facts={[
          { label: 'Experiment', value: <EntityLink kind="experiment" name={run.experiment} look="bare" /> },
          { label: 'Started', value: <Time at={run.startedAt} /> },
          {
            label: run.endedAt === null && run.status === 'RUNNING' ? 'Runs for' : 'Took',
            value: run.startedAt === null || end === null ? '–' : formatDuration(Math.max(0, end - run.startedAt)),
          },
          { label: 'By', value: run.user || '–' },
          pipeline !== undefined && {
            label: 'Started by',
            value: (
              <EntityLink kind="pipeline-run" name={pipeline.name} id={pipeline.id} look="bare">
                pipeline run
              </EntityLink>
            ),
          },
          {
            label: 'Files',
            value: `${formatPlural(run.artifacts.files, 'file')}, ${formatBytes(run.artifacts.bytes)}`,
          },
          { label: 'Id', value: <Hash value={run.id} /> },
        ]}
      />
      <RunNote project={project} run={run} />
      <RunDrafts project={project} run={run} />
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'metrics', label: 'Metrics', count: results.length },
          { id: 'params', label: 'Parameters', count: Object.keys(run.params).length },
          { id: 'console', label: 'Console' },
          { id: 'sources', label: 'Sources' },
          { id: 'system', label: 'Machine', count: run.metrics.length - results.length },
          { id: 'files', label: 'Files', count: run.artifacts.files },
          { id: 'tags', label: 'Tags', count: tags.length },
          { id: 'traces', label: 'Traces' },
        ]}
      />
      <TabPanel tab={view.tab}>
        <WithAside
          asideLabel="Made from, made by it"
          aside={<RunAside project={project} run={run} versions={versions.data?.versions ?? []} />}
        >
          {view.tab === 'metrics' && (
            <>
              <Curves project={project} run={{ ...run, metrics: results }} />
              <RunHistograms project={project} run={run.id} />
              <MetricTable run={{ ...run, metrics: results }} />
              {run.recovered.length > 0 && <RunRecovered project={project} run={run.id} />}
              <RunBaselines project={project} runs={[run.id]} />
            </>
          )}
          {view.tab === 'params' && <ParamTable label="Parameters" values={Object.entries(run.params)} />}
          {view.tab === 'console' && <RunConsole project={project} run={run} />}
          {view.tab === 'sources' && <RunSources project={project} run={run} />}
          {view.tab === 'system' && <RunSystem project={project} run={run} />}
          {view.tab === 'files' && (
            <>
              <ImagePanels project={project} runs={[run]} />
              <Section title="All files">
                <ArtifactTree project={project} of={{ run: run.id }} />
              </Section>
              <RunReferences project={project} run={run.id} />
            </>
          )}
          {view.tab === 'traces' && (
            <TraceTable
              project={project}
              search={{ run: run.id }}
              empty={<p className="t2">The run made no trace.</p>}
            />
          )}
          {view.tab === 'tags' && <ParamTable label="Tags" values={tags} />}
        </WithAside>
      </TabPanel>
    </>
  )
}

/** A curve that was not measured while the run ran says so beside its name. */
function recoveredHow(run: RunDetail, key: string): string {
  const found = run.recovered.find((one) => one.key === key)
  if (!found) return 'by step'
  const all = run.metrics.find((metric) => metric.key === key)?.count ?? found.points
  return `by step, ${found.points < all ? `${found.points} of ${all} points ` : ''}recovered from checkpoints`
}

/** Metrics with more than one point, as curves that grow while the run runs. */
function Curves({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const keys = run.metrics.filter((metric) => metric.count > 1).map((metric) => metric.key)
  const query = useContractQuery(
    getMetricSeries,
    { params: { project }, query: { runs: run.id, keys: keys.slice(0, mostCurves).join(',') } },
    { enabled: keys.length > 0, keep: true },
  )
  const published = useContractQuery(
    listBaselines,
    { params: { project, experiment: run.experimentId }, query: {} },
    { enabled: keys.length > 0 },
  ).data
  useLiveRuns(
    (id) => id === run.id && keys.length > 0,
    () => void query.refetch(),
  )
  if (keys.length === 0) return null
  return (
    <QueryView query={query} what="the curves" shape="chart" permission="run:read">
      {({ series }) => (
        <>
          <div className={keys.length === 1 ? undefined : 'cols-2'}>
            {series.map((one) => (
              <CurveChart
                key={one.key}
                metric={one.key}
                runs={[run]}
                series={series}
                published={published?.baselines ?? []}
                how={recoveredHow(run, one.key)}
              />
            ))}
          </div>
          {keys.length > mostCurves && (
            <p className="sm t3 mt-8">
              Curves of the first {mostCurves} of {keys.length} metrics; the table has all.
            </p>
          )}
        </>
      )}
    </QueryView>
  )
}
