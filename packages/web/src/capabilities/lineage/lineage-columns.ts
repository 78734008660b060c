/** Columns of the graph, left to right in time. */
export const columns = ['Source', 'Data', 'Features', 'Build', 'Release', 'Prediction', 'What followed'] as const

const byKind: Record<string, number> = {
  commit: 0,
  code: 0,
  environment: 0,
  project: 0,
  pipeline: 0,
  dataset: 1,
  table: 1,
  'feature-view': 2,
  'pipeline-run': 3,
  run: 3,
  evaluation: 3,
  model: 4,
  inbox: 4,
  release: 4,
  deployment: 4,
  prediction: 5,
  window: 6,
  monitor: 6,
  alert: 6,
}

/** The column of a node: by kind; what followed the focus and has an earlier column by kind (a retraining) stands at the end. */
export function columnOf(kind: string, depth: number): number {
  const column = byKind[kind] ?? 3
  return depth > 0 && column < 4 ? 6 : column
}
