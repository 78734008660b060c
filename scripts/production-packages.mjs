// What package-lock.json locks for the program itself: no tests, no tools, no UI libraries, which are built into files.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const programs = ['contract', 'sdk', 'server', 'cli']
/** The libraries of the UI are built into its files. */
const everything = [...programs, 'web']

/**
 * `{ direct, locked }`: exact versions of what the program imports, and every locked entry that these need, by its path. `without`: by the name of a
 * package, what it names but does not need; `ui`: with the libraries of the UI.
 */
export function productionPackages({ without = {}, ui = false } = {}) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [name, unused] of Object.entries(without))
    for (const one of unused) delete packages[`node_modules/${name}`].dependencies[one]
  const locked = {}
  const direct = {}
  const visit = (from, name, optional) => {
    const path = resolve(packages, from, name)
    if (!path) {
      if (optional) return undefined
      throw new Error(`${from} needs ${name}, which package-lock.json does not lock. Run "npm install".`)
    }
    const entry = packages[path]
    if (locked[path]) return entry
    locked[path] = entry
    for (const [kind, one] of [
      ['dependencies', false],
      ['optionalDependencies', true],
    ])
      for (const dependency of Object.keys(entry[kind] ?? {})) visit(path, dependency, one)
    for (const dependency of Object.keys(entry.peerDependencies ?? {}))
      if (!entry.peerDependenciesMeta?.[dependency]?.optional) visit(path, dependency, false)
    return entry
  }
  for (const program of ui ? everything : programs) {
    const path = `packages/${program}`
    for (const name of Object.keys(packages[path].dependencies ?? {})) {
      if (packages[`node_modules/${name}`]?.link) continue
      const entry = visit(path, name, false)
      direct[name] = entry.version
    }
  }
  const astray = Object.keys(locked).filter((path) => !path.startsWith('node_modules/'))
  if (astray.length > 0) throw new Error(`${astray.join(', ')} would be two versions of one package.`)
  return { direct: sorted(direct), locked: sorted(locked), resolve: (from, name) => resolve(packages, from, name) }
}

/** Where Node finds a package: beside whoever asks, or in a folder above. */
function resolve(packages, from, name) {
  for (let place = from; ; ) {
    const path = place === '' ? `node_modules/${name}` : `${place}/node_modules/${name}`
    if (packages[path] && !packages[path].link) return path
    if (place === '') return undefined
    const above = place.lastIndexOf('/node_modules/')
    place = above < 0 ? '' : place.slice(0, above)
  }
}

const sorted = (object) =>
  Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
