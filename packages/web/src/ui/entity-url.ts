import { type EntityKey, plainKind } from './entity-kinds.ts'

const collections: Record<string, string> = {
  dataset: 'datasets',
  feature: 'features',
  experiment: 'experiments',
  run: 'runs',
  pipeline: 'pipelines',
  'pipeline-run': 'pipelines',
  evaluation: 'evaluations',
  model: 'models',
  deployment: 'deployments',
  release: 'deployments',
  prediction: 'predictions',
  monitor: 'monitors',
  window: 'monitors',
  alert: 'alerts',
  inbox: 'inbox',
}

const byId = new Set(['run', 'prediction', 'alert', 'evaluation', 'inbox'])

/** The page of an entity; what has no page of its own opens in the lineage graph. */
export function entityUrl(entity: EntityKey, project: string): string {
  const base = `/p/${encodeURIComponent(entity.project ?? project)}`
  const kind = plainKind(entity.kind)
  const collection = collections[kind]
  const key = encodeURIComponent(byId.has(kind) ? (entity.id ?? entity.name) : entity.name)
  if (collection === undefined) return `${base}/lineage/${encodeURIComponent(entity.id ?? entity.name)}`
  const path = `${base}/${collection}/${key}`
  if (entity.version === undefined) return path
  const version = encodeURIComponent(String(entity.version).replace(/^v(?=\d)/, ''))
  if (kind === 'pipeline-run') return `${path}/runs/${version}`
  if (kind === 'dataset' || kind === 'model') return `${path}/versions/${version}`
  return path
}

/** Reads `trivium://project/kind/id@version`; undefined where the text is no URN. */
export function parseUrn(urn: string): (EntityKey & { readonly project: string; readonly id: string }) | undefined {
  const found = /^trivium:\/\/([^/]+)\/([^/]+)\/(.+?)(?:@([^@/]+))?$/.exec(urn)
  if (!found) return undefined
  const [, project = '', kind = '', rawId = '', version] = found
  const id = decodeURIComponent(rawId)
  return { project, kind, id, name: id, version }
}
