import { getVelocity, type IdeaTimes, type Velocity } from '@trivium/contract'
import { Bars } from '../../charts/bars.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Segmented } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { useUiEnvironment, useNow } from '../../ui/environment.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { formatDay, formatDuration } from '../../ui/format-time.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'

const shape = { weeks: oneOf(['4', '12', '52'], '12') }

/** How fast a project tries ideas: evaluated by week, time from idea to trained model, by person. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const query = useContractQuery(
    getVelocity,
    { params: { project }, query: { weeks: Number(view.weeks) } },
    { keep: true },
  )
  return (
    <>
      <PageHeader
        title="Velocity"
        note="ideas tried, and how fast"
        actions={
          <Segmented
            label="How many weeks"
            value={view.weeks}
            onChange={(weeks) => setView({ weeks })}
            options={[
              { value: '4', label: '4 weeks' },
              { value: '12', label: '12 weeks' },
              { value: '52', label: 'A year' },
            ]}
          />
        }
      />
      <QueryView query={query} what="the velocity" permission="run:read" rows={8}>
        {(velocity) => <VelocityView velocity={velocity} />}
      </QueryView>
    </>
  )
}

function VelocityView({ velocity }: { readonly velocity: Velocity }) {
  const { zone } = useUiEnvironment()
  const now = useNow()
  const { weeks, ideaToModel, people, targetMs } = velocity
  const sum = (of: (week: Velocity['weeks'][number]) => number) => weeks.reduce((total, week) => total + of(week), 0)
  const items = (of: (week: Velocity['weeks'][number]) => number) =>
    weeks.map((week, at) => ({
      label: formatDay(week.start, { now, zone }),
      value: of(week),
      current: at === weeks.length - 1,
    }))
  return (
    <>
      <p className="claim">{sentenceOf(velocity)}</p>
      <Facts
        facts={[
          { label: 'Ideas added', value: formatCount(sum((week) => week.added)) },
          { label: 'Ideas evaluated', value: formatCount(sum((week) => week.evaluated)) },
          { label: 'Idea to model', value: <Times times={ideaToModel} /> },
          { label: 'Target', value: formatDuration(targetMs) },
          { label: 'Runs ended', value: formatCount(sum((week) => week.runs)) },
          { label: 'Of them failed', value: formatCount(sum((week) => week.failed)) },
        ]}
      />
      <div className="cols-2 mt-12">
        <Bars
          title="Ideas evaluated"
          how="by week from Monday UTC; an idea counts when its first run has finished; this week is not over"
          form="count"
          items={items((week) => week.evaluated)}
        />
        <Bars
          title="Runs ended"
          how="by week, whether they belong to an idea or not"
          form="count"
          items={items((week) => week.runs)}
        />
      </div>
      <Section title="People" note="an idea is evaluated by whoever ran its first finished run">
        {people.length === 0 ? (
          <p className="t2">
            Nobody added or evaluated an idea in these weeks. Ideas are on the frontier of each experiment; a run
            belongs to one by its tag trivium.idea.
          </p>
        ) : (
          <DataTable
            label="Ideas by person"
            rows={people}
            rowKey={(one) => one.id}
            columns={[
              { id: 'name', head: 'Person', cell: (one) => one.name },
              { id: 'added', head: 'Added', align: 'right', cell: (one) => formatCount(one.added) },
              { id: 'evaluated', head: 'Evaluated', align: 'right', cell: (one) => formatCount(one.evaluated) },
              { id: 'times', head: 'Idea to model', align: 'right', cell: (one) => <Times times={one.ideaToModel} /> },
            ]}
          />
        )}
      </Section>
    </>
  )
}

function sentenceOf({ weeks, ideaToModel: { n, medianMs }, targetMs }: Velocity): string {
  const evaluated = weeks.reduce((total, week) => total + week.evaluated, 0)
  const rate = evaluated / weeks.length
  if (evaluated === 0 || medianMs === null)
    return `No idea was evaluated in the last ${formatPlural(weeks.length, 'week')}.`
  const judged = medianMs <= targetMs ? 'within' : 'over'
  return `${formatPlural(evaluated, 'idea')} evaluated in ${formatPlural(weeks.length, 'week')}, ${rate.toFixed(1)} a week; half of the ${n} became a trained model in ${formatDuration(medianMs)}, ${judged} the target of ${formatDuration(targetMs)}.`
}

/** The median with its interval, or how many there are where that is too few. */
function Times({ times: { n, medianMs, lowMs, highMs } }: { readonly times: IdeaTimes }) {
  if (medianMs === null) return <span className="t3">–</span>
  return (
    <span className="nowrap">
      {formatDuration(medianMs)}{' '}
      <span className="ci">
        {lowMs === null || highMs === null
          ? `n = ${n}`
          : `${formatDuration(lowMs)} to ${formatDuration(highMs)}, n = ${n}`}
      </span>
    </span>
  )
}
