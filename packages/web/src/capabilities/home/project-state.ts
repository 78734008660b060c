import {
  listAlerts,
  listDatasets,
  listDeployments,
  listInbox,
  listModels,
  listMonitors,
  listPipelineRuns,
  searchRuns,
} from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'

/** What the home page knows of the project; each part is read on its own, so that one that fails hides no other. */
export function useProjectState(project: string) {
  const params = { project }
  return {
    datasets: useContractQuery(listDatasets, { params, query: { limit: 1000 } }),
    runs: useContractQuery(searchRuns, { params, query: { order_by: 'start_time desc', limit: 24 } }),
    models: useContractQuery(listModels, { params, query: { limit: 1000 } }),
    deployments: useContractQuery(listDeployments, { params, query: {} }, { refetchInterval: 15_000 }),
    monitors: useContractQuery(listMonitors, { params, query: {} }),
    alerts: useContractQuery(listAlerts, { params, query: { state: 'all', limit: 20 } }),
    inbox: useContractQuery(listInbox, { params, query: { view: 'mine', limit: 5 } }),
    pipelineRuns: useContractQuery(listPipelineRuns, { params, query: { limit: 60 } }),
  }
}

/** The answers of `useProjectState`. */
export type ProjectState = ReturnType<typeof useProjectState>

/** Whether nothing was made in the project yet; undefined until that is known. */
export function isEmptyProject({
  datasets,
  runs,
  models,
  deployments,
  pipelineRuns,
}: ProjectState): boolean | undefined {
  const answers = [datasets, runs, models, deployments, pipelineRuns]
  if (answers.some((one) => one.data === undefined && one.error === null)) return undefined
  return (
    !datasets.data?.datasets.length &&
    !runs.data?.runs.length &&
    !models.data?.models.length &&
    !deployments.data?.deployments.length &&
    !pipelineRuns.data?.runs.length
  )
}
