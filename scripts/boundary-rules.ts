import { capabilityFloors, engines, packageImports, serverLayers } from './floors.ts'

/** One import: both ends as paths from the root of the clone, or `to` as the name of a package. */
export interface Import {
  from: string
  to: string
  kind: 'static' | 'dynamic' | 'type'
}

/** What is wrong with an import, as one sentence; undefined where it is allowed. */
export function findViolation(edge: Import): string | undefined {
  const from = placeOf(edge.from)
  if (!from) return undefined
  const to = placeOf(edge.to)
  const reason = to ? whyNotInside(edge, from, to) : whyNotForeign(edge, from)
  return reason && `${edge.from} imports ${edge.to}: ${reason}`
}

interface Place {
  package: string
  layer: string | undefined
  /** The capability, driver or protocol. */
  unit: string | undefined
  path: string
}

function placeOf(path: string): Place | undefined {
  const match = /^packages\/([^/]+)\/(?:src|bin)\/(.+)$/.exec(path)
  if (!match) return undefined
  const [, name = '', rest = ''] = match
  const parts = rest.split('/')
  return {
    package: name,
    layer: parts.length > 1 ? parts[0] : undefined,
    unit: parts.length > 2 ? parts[1] : undefined,
    path: rest,
  }
}

function whyNotForeign({ to, kind }: Import, place: Place): string | undefined {
  const outside = /^(scripts|tests|examples|bench|docs|deploy|python)\//.exec(to)
  if (outside) return `packages do not depend on ${outside[1]}/.`
  if (to.startsWith('packages/')) return 'a package is entered by its name, and nothing but its sources is imported.'
  const name = packageName(to)
  if (place.package === 'contract' && name !== 'typebox') return 'the contract imports typebox only.'
  if (['sdk', 'web'].includes(place.package) && to.startsWith('node:')) return 'it also runs in browsers.'
  if (kind === 'type' || place.package !== 'server' || !engines.includes(name)) return undefined
  return ['capabilities', 'protocols'].includes(place.layer ?? '') ? `${name} is reached through a port.` : undefined
}

function whyNotInside({ kind }: Import, from: Place, to: Place): string | undefined {
  if (from.package !== to.package) {
    const allowed = packageImports[from.package]
    if (!allowed) return `the package ${from.package} is not in scripts/floors.ts.`
    if (!allowed.includes(to.package)) return `${from.package} does not depend on ${to.package}.`
    if (from.package === 'cli' && to.package === 'server' && kind === 'static') {
      return 'the command loads the server lazily, by import().'
    }
    return undefined
  }
  return from.package === 'server' ? whyNotInServer(kind, from, to) : undefined
}

function whyNotInServer(kind: Import['kind'], from: Place, to: Place): string | undefined {
  if (from.layer === undefined) return undefined
  const allowed = serverLayers[from.layer]
  if (!allowed) return `the folder ${from.layer}/ is not in scripts/floors.ts.`
  if (to.layer === undefined) return 'what composes the server is imported by nothing below it.'
  if (from.layer === 'migrations' && to.layer === 'kernel') {
    return kind === 'type' ? undefined : 'a migration never runs current code.'
  }
  if (from.layer !== to.layer) {
    if (!allowed.includes(to.layer)) return `${from.layer}/ may not import ${to.layer}/.`
    return to.layer === 'capabilities' ? whyNotIndex(to) : undefined
  }
  if (from.layer === 'kernel' || from.layer === 'migrations' || from.unit === to.unit) return undefined
  if (from.layer !== 'capabilities') return `one of ${from.layer}/ may not import another.`
  return whyNotLower(from.unit, to.unit) ?? whyNotIndex(to)
}

function whyNotLower(from = '', to = ''): string | undefined {
  const [own, other] = [capabilityFloors[from], capabilityFloors[to]]
  if (own === undefined) return `the capability ${from} is not in scripts/floors.ts.`
  if (other === undefined) return `the capability ${to} is not in scripts/floors.ts.`
  return other < own ? undefined : `${to} (floor ${other}) is not below ${from} (floor ${own}).`
}

function whyNotIndex(to: Place): string | undefined {
  return to.path === `capabilities/${to.unit}/index.ts` ? undefined : 'a capability is entered by its index.ts.'
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
