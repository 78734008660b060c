import { listAlerts, listInbox, listPipelineRuns } from '@trivium/contract'
import { useContractQuery } from '../data/contract-query.ts'
import { builtItems } from './pages.ts'
import type { NavId } from './page-spec.ts'
import type { NavMark } from './sidebar.tsx'

/** What the sidebar shows: decisions that wait for me, runs that run, alerts that are open. */
export function useNavMarks(project: string): Partial<Record<NavId, NavMark>> {
  const inbox = useContractQuery(
    listInbox,
    { params: { project }, query: { view: 'mine', limit: 1 } },
    { enabled: builtItems.has('inbox') },
  )
  const active = useContractQuery(
    listPipelineRuns,
    { params: { project }, query: { state: 'active', limit: 1 } },
    { enabled: builtItems.has('pipelines') },
  )
  const alerts = useContractQuery(
    listAlerts,
    { params: { project }, query: { state: 'open', limit: 1 } },
    { enabled: builtItems.has('alerts') },
  )
  const marks: Partial<Record<NavId, NavMark>> = {}
  if (inbox.data && inbox.data.mine > 0)
    marks.inbox = { count: inbox.data.mine, label: `${inbox.data.mine} wait for you` }
  if (active.data && active.data.runs.length > 0) marks.pipelines = { state: 'run', label: 'running' }
  if (alerts.data && alerts.data.open > 0)
    marks.alerts = { state: 'warn', count: alerts.data.open, label: `${alerts.data.open} open` }
  return marks
}
