import { Fragment } from 'react'
import { addIdea, type Frontier, type FrontierRun, getFrontier, listIdeas } from '@trivium/contract'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatValue, Value } from '../../ui/value.tsx'
import { runStatus } from '../tracking/run-status.ts'
import './exploration.css'

const hourMs = 3_600_000

interface FrontierViewProps {
  readonly project: string
  readonly frontier: Frontier
}

/** What was tried, what runs, what never was tried and why it may be worth it, and what it cost. */
export function FrontierView({ project, frontier }: FrontierViewProps) {
  const { tried, spent, ideas } = frontier
  if (frontier.looked === 0 && ideas.length === 0) return <p className="claim">{sentenceOf(frontier)}</p>
  const waiting = ideas.filter((idea) => idea.runs === 0 && (idea.state === 'open' || idea.state === 'chosen')).length
  return (
    <>
      <p className="claim">{sentenceOf(frontier)}</p>
      <Facts
        facts={[
          { label: 'Configurations tried', value: formatCount(tried.configurations) },
          { label: 'Runs', value: formatCount(tried.runs) },
          { label: 'Running', value: formatCount(tried.running) },
          { label: 'Failed', value: formatCount(tried.failed) },
          { label: 'Compute spent', value: formatDuration(spent.totalMs) },
          { label: 'Of it failed', value: formatDuration(spent.failedMs) },
          { label: 'Ideas without a run', value: formatCount(waiting) },
        ]}
      />
      <div className="cols-2 mt-12">
        <Learned frontier={frontier} />
        <Section title="Never tried" note="suggestions with their reason; you choose">
          <Suggestions project={project} frontier={frontier} />
        </Section>
      </div>
      <Running frontier={frontier} />
      <Sweeps project={project} frontier={frontier} />
      <Space frontier={frontier} />
      <Section title="What each was built on" note={`the newest ${formatPlural(frontier.runs.length, 'run')}`}>
        <DataTable
          label="Runs and what they were built on"
          rows={frontier.runs}
          rowKey={(run) => run.id}
          columns={runColumns(frontier)}
          height={420}
        />
      </Section>
    </>
  )
}

function sentenceOf({ spent, metric, problem, looked, truncated }: Frontier): string {
  const last = spent.records.at(-1)
  const where = problem.kind === 'model' ? ` in ${formatPlural(problem.experiments.length, 'experiment')}` : ''
  if (problem.experiments.length === 0)
    return 'No version of this model names a run, so its frontier is not known. Register versions from runs.'
  if (looked === 0) return `Nothing was tried yet${where}.`
  if (!last || metric === null)
    return `${formatPlural(looked, 'run')}${where}; no metric says yet which of them is better.`
  const spread =
    last.low === null || last.high === null
      ? `one run, so its spread is not known`
      : `mean ${formatValue(last.mean ?? last.value)}, 95 % interval ${formatValue(last.low)} to ${formatValue(last.high)}, ${last.n} repeats`
  const since = spent.sinceBestMs
    ? ` ${formatDuration(spent.sinceBestMs)} of compute since then brought nothing better.`
    : ''
  return `The best ${metric} is ${formatValue(last.value)} (${spread}), reached after ${formatDuration(last.spentMs)} of compute.${since}${truncated ? ` The newest ${formatCount(looked)} runs are looked at.` : ''}`
}

/** The best value over the compute that was spent: each record, with the interval of its configuration's repeats. */
function Learned({ frontier: { spent, metric, direction, baselines } }: { readonly frontier: Frontier }) {
  const { records, totalMs } = spent
  const last = records.at(-1)
  if (!last || metric === null) return <p className="t2">No finished run has a metric whose better end is known.</p>
  const points = records.flatMap(({ value, spentMs, low, high }, at) => {
    const before = records[at - 1]
    const own = { x: spentMs / hourMs, y: value, low, high }
    return before ? [{ x: spentMs / hourMs, y: before.value, low: before.low, high: before.high }, own] : [own]
  })
  return (
    <TimeSeries
      title={`Best ${metric}`}
      how={`by compute spent, ${direction === 'lower-is-better' ? 'less' : 'more'} is better`}
      x="number"
      xLabel="hours"
      height={210}
      thresholds={baselines.map(({ name, value }) => ({ value, label: name }))}
      series={[
        {
          id: 'best',
          label: '',
          color: 's1',
          points: [
            ...points,
            { x: Math.max(totalMs, last.spentMs) / hourMs, y: last.value, low: last.low, high: last.high },
          ],
        },
      ]}
      caption={`${formatPlural(records.length, 'record')}; a band where repeats give an interval of the mean.${baselines.length > 0 ? ' Lines: published values, as they were published; whether a run is comparable stands on its page.' : ''}`}
    />
  )
}

function Suggestions({ project, frontier }: FrontierViewProps) {
  const [home] = frontier.problem.experiments
  const add = useContractMutation(addIdea, { invalidates: [getFrontier, listIdeas] })
  const known = new Set(frontier.ideas.map((idea) => idea.title))
  if (frontier.suggestions.length === 0) return <p className="t2">Nothing stands out. Add an idea of your own.</p>
  return (
    <>
      {add.error && <State kind="bad">{add.error.detail}</State>}
      <DataTable
        label="Never tried"
        keys={false}
        headless
        rows={frontier.suggestions}
        rowKey={(one) => `${one.kind} ${one.text}`}
        columns={[
          {
            id: 'text',
            head: 'What and why',
            cell: (one) => (
              <div className="reason-cell">
                <div className="b">{one.text}</div>
                <div className="sm t2">
                  {one.why}{' '}
                  {one.evidence.map((run, at) => (
                    <Fragment key={run.id}>
                      {at > 0 && ', '}
                      <EntityLink kind="run" name={run.name} id={run.id} look="name" />
                    </Fragment>
                  ))}
                </div>
              </div>
            ),
          },
          {
            id: 'act',
            head: '',
            align: 'right',
            width: '120px',
            cell: (one) =>
              one.idea !== null || known.has(titleOf(one.text)) ? (
                <span className="sm t3">an idea</span>
              ) : (
                home && (
                  <Button
                    size="small"
                    look="quiet"
                    aria-label={`Make it an idea: ${one.text}`}
                    pending={add.isPending}
                    onClick={() =>
                      add.mutate({
                        params: { project, experiment: home.id },
                        body: { title: titleOf(one.text), source: 'the frontier' },
                      })
                    }
                  >
                    Make it an idea
                  </Button>
                )
              ),
          },
        ]}
      />
    </>
  )
}

const titleOf = (text: string): string => text.replace(/\.$/, '').slice(0, 200)

function Running({ frontier: { running, ideas } }: { readonly frontier: Frontier }) {
  if (running.length === 0) return null
  return (
    <Section title="Running" note={formatPlural(running.length, 'run')}>
      <div className="row wrap">
        {running.slice(0, 20).map((run) => (
          <span key={run.id} className="row tight">
            <EntityLink kind="run" name={run.name} id={run.id} look="bare" />
            <span className="sm t3">
              for <Time at={run.startedAt} show="age" />
              {run.idea !== null && `, trying ${ideas.find((idea) => idea.id === run.idea)?.title ?? run.idea}`}
            </span>
          </span>
        ))}
      </div>
    </Section>
  )
}

function Sweeps({ project, frontier: { sweeps, ideas } }: FrontierViewProps) {
  if (sweeps.length === 0) return null
  return (
    <Section title="Sweeps and hypotheses" note="and whether somebody said before what was expected">
      <DataTable
        label={`Sweeps of ${project}`}
        density="compact"
        keys={false}
        rows={sweeps}
        rowKey={(one) => one.id}
        columns={[
          {
            id: 'run',
            head: 'Sweep',
            cell: (one) => <EntityLink kind="run" name={one.name} id={one.id} look="name" />,
          },
          { id: 'children', head: 'Runs', align: 'right', cell: (one) => formatCount(one.children) },
          {
            id: 'expected',
            head: 'Expected',
            cut: true,
            cell: (one) => one.expected || <span className="t3">–</span>,
          },
          {
            id: 'hypothesis',
            head: 'Hypothesis',
            cell: (one) =>
              one.hypothesis === 'before' ? (
                <State kind="ok">{`${ideas.find((idea) => idea.id === one.idea)?.title ?? 'written'}, written before`}</State>
              ) : one.hypothesis === 'after' ? (
                <State kind="warn">written after it began</State>
              ) : one.hypothesis === 'noted' ? (
                <State kind="ok">noted on the run</State>
              ) : (
                <State kind="none">
                  none: start the sweep's run with the tag trivium.hypothesis, or add an idea and its tag trivium.idea
                </State>
              ),
          },
        ]}
      />
    </Section>
  )
}

function Space({ frontier: { space, direction, metric } }: { readonly frontier: Frontier }) {
  if (space.length === 0) return null
  const better = direction === 'lower-is-better' ? Math.min : Math.max
  const columns: Column<Frontier['space'][number]>[] = [
    {
      id: 'key',
      head: 'Factor',
      width: '180px',
      cell: (one) => (one.kind === 'param' ? one.key : `${one.kind}: ${one.key}`),
    },
    {
      id: 'values',
      head: 'Values tried',
      cell: (one) => {
        const known = one.values.flatMap(({ best }) => best ?? [])
        const best = known.length === 0 || direction === null ? null : known.reduce((a, b) => better(a, b))
        return (
          <div className="tried">
            {one.values.map((value) => (
              <span key={value.label} className="nowrap">
                <span className={best !== null && value.best === best && one.distinct > 1 ? 'b' : undefined}>
                  {value.label}
                </span>{' '}
                <span className="sm t3">
                  {formatPlural(value.runs, 'run')}
                  {value.best !== null && `, best ${formatValue(value.best)}`}
                </span>
              </span>
            ))}
            {one.distinct > one.values.length && one.type === 'category' && (
              <span className="sm t3">and {formatCount(one.distinct - one.values.length)} more values</span>
            )}
          </div>
        )
      },
    },
  ]
  return (
    <Section
      title="The space"
      note={`what was varied first, then what never was${metric === null || direction === null ? '' : `; the value of the best ${metric} is bold`}`}
    >
      <DataTable
        label="Factors and the values that were tried"
        keys={false}
        rows={space}
        rowKey={(one) => `${one.kind} ${one.key}`}
        columns={columns}
      />
    </Section>
  )
}

function runColumns({ runs, metric, ideas }: Frontier): Column<FrontierRun>[] {
  const nameOf = new Map(runs.map((run) => [run.id, run.name]))
  return [
    {
      id: 'run',
      head: 'Run',
      sticky: true,
      cell: (run) => <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />,
    },
    {
      id: 'status',
      head: 'State',
      cell: (run) => {
        const { kind, word } = runStatus(run)
        return <State kind={kind}>{word}</State>
      },
    },
    {
      id: 'value',
      head: metric ?? 'Value',
      align: 'right',
      cell: (run) => <Value value={run.value} strong={run.record} />,
    },
    { id: 'record', head: '', cell: (run) => run.record && <span className="sm t2">record</span> },
    {
      id: 'parent',
      head: 'Built on',
      cell: (run) =>
        run.parent === null ? (
          <span className="t3">–</span>
        ) : (
          <span className="row tight">
            <EntityLink
              kind="run"
              name={nameOf.get(run.parent) ?? run.parent.slice(0, 8)}
              id={run.parent}
              look="name"
            />
            <span className="sm t3">{run.parentWhy}</span>
          </span>
        ),
    },
    {
      id: 'idea',
      head: 'Idea',
      cell: (run) =>
        run.idea === null ? (
          <span className="t3">–</span>
        ) : (
          (ideas.find((idea) => idea.id === run.idea)?.title ?? run.idea)
        ),
    },
    { id: 'started', head: 'Started', align: 'right', cell: (run) => <Time at={run.startedAt} show="age" /> },
  ]
}
