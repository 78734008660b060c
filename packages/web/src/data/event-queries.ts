/**
 * Which answers an event makes old: the noun of the event's name, and the operations (by their stable names) that show it.
 * A change of one thing is often seen on pages of others: a new alias on the deployment, an alert on the monitor.
 */
const changes: readonly (readonly [noun: RegExp, operations: RegExp])[] = [
  [/^dataset$/, /Dataset/],
  [/^feature-(view|rows)$/, /Feature/],
  [/^(run|experiment|logged-model)$/, /(^|[a-z])Runs?($|[A-Z])|Experiment|MetricSeries|RunColumns/],
  [/^(pipeline|pipeline-run|step|trigger)$/, /Pipeline|Step|Trigger/],
  [/^(evaluation|gate)$/, /Evaluation|Gate|ModelVersion|getModel/],
  [/^(model|model-version)$/, /Model|Alias|Deployment/],
  [/^report$/, /Report/],
  [/^inbox$/, /Inbox|ModelVersion|PipelineRun/],
  [/^(release|deployment)$/, /Deployment|Release|ModelVersion/],
  [/^(prediction|predictions|labels?)$/, /Prediction|Label|Deployment|Cohort/],
  [/^(monitor|window)$/, /Monitor|Window|Drift|Performance/],
  [/^alert$/, /Alert|Monitor/],
  [/^watermark$/, /Watermark/],
  [/^(membership|principal|project|token|session)$/, /Member|Principal|Person|People|Project|Token|Session|Account/],
]

/** Shown by every event: the list of events, the overview of the loop. */
const always = /^(listEvents|getEventChain|getHome|getProjectOverview|getOverview)$/

/** Whether an answer of an operation may be old after an event. */
export function isChangedBy(operationId: string, eventName: string): boolean {
  if (always.test(operationId)) return true
  const noun = eventName.split('.')[0] ?? ''
  const known = changes.filter(([pattern]) => pattern.test(noun))
  if (operationId === 'getLineage' && noun !== 'watermark') return true
  return known.some(([, operations]) => operations.test(operationId))
}
