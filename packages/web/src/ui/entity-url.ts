import { type EntityKey, plainKind } from './entity-kinds.ts'

const collections: Record<string, string> = {
  dataset: 'datasets',
  feature: 'features',
  experiment: 'experiments',
  run: 'runs',
  pipeline: 'pipelines',
  evaluation: 'evaluations',
  model: 'models',
  deployment: 'deployments',
  prediction: 'predictions',
  monitor: 'monitors',
  alert: 'alerts',
  inbox: 'inbox',
  report: 'reports',
}

const byId = new Set(['run', 'prediction', 'alert', 'evaluation', 'inbox', 'report'])

/** One part of a path; the colon of a prediction's id stays readable. */
const part = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':')

/** The page of an entity; what has no page of its own opens in the lineage graph. */
export function entityUrl(entity: EntityKey, project: string): string {
  const base = `/p/${part(entity.project ?? project)}`
  const kind = plainKind(entity.kind)
  const id = entity.id ?? entity.name
  const collection = collections[kind]
  if (kind === 'project') return `/p/${part(entity.name)}`
  if (kind === 'window') {
    const [monitor = id, start] = id.split(/:(?=[^:]*$)/)
    return `${base}/monitors/${part(monitor)}${start ? `?window=${part(start)}` : ''}`
  }
  if (kind === 'pipeline-run') {
    const run = entity.version === undefined ? id : String(entity.version)
    return run === entity.name
      ? `${base}/pipeline-runs/${part(run)}`
      : `${base}/pipelines/${part(entity.name)}/runs/${part(run)}`
  }
  if (collection === undefined) return `${base}/lineage/${part(entity.id ?? entity.name)}`
  const path = `${base}/${collection}/${part(byId.has(kind) ? id : entity.name)}`
  if (entity.version === undefined || (kind !== 'dataset' && kind !== 'model')) return path
  return `${path}/versions/${part(String(entity.version).replace(/^v(?=\d)/, ''))}`
}

/** Reads `trivium://project/kind/id@version`; undefined where the text is no URN. */
export function parseUrn(urn: string): (EntityKey & { readonly project: string; readonly id: string }) | undefined {
  const found = /^trivium:\/\/([^/]+)\/([^/]+)\/(.+?)(?:@([^@/]+))?$/.exec(urn)
  if (!found) return undefined
  const [, project = '', kind = '', rawId = '', version] = found
  const id = decodeURIComponent(rawId)
  return {
    project: decodeURIComponent(project),
    kind,
    id,
    name: id,
    version: version === undefined ? undefined : decodeURIComponent(version),
  }
}
