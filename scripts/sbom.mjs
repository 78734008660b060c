// Writes the bill of materials of the program as CycloneDX 1.6: every npm package that it runs with or that the UI is built from, and every Python package
// of the lock files, each with its hashes. The same lock files give the same bytes.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { productionPackages } from './production-packages.mjs'
import { root, runScript } from './setup.mjs'
import { digest } from './setup-support.mjs'

/** The document, ready to be written. */
export function billOfMaterials() {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { direct, locked, resolve: find } = productionPackages({ ui: true })
  const npm = Object.entries(locked).map(([path, entry]) => ({ path, entry, component: npmComponent(path, entry) }))
  const refOf = new Map(npm.map(({ path, component }) => [path, component['bom-ref']]))
  const python = pythonComponents()
  const self = `pkg:npm/trivium@${version}`
  const dependencies = [
    {
      ref: self,
      dependsOn: [
        ...Object.keys(direct).map((name) => refOf.get(`node_modules/${name}`)),
        ...python.map((one) => one['bom-ref']),
      ],
    },
    ...npm.map(({ path, entry, component }) => ({
      ref: component['bom-ref'],
      dependsOn: Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).flatMap(
        (name) => refOf.get(find(path, name)) ?? [],
      ),
    })),
  ].map(({ ref, dependsOn }) => ({ ref, dependsOn: [...new Set(dependsOn)].toSorted() }))
  const body = {
    metadata: {
      component: {
        type: 'application',
        'bom-ref': self,
        name: 'trivium',
        version,
        licenses: [{ license: { id: license } }],
        purl: self,
      },
    },
    components: [...npm.map(({ component }) => component), ...python],
    dependencies: [...new Map(dependencies.map((one) => [one.ref, one])).values()],
  }
  const seen = new Set()
  body.components = body.components.filter((one) => !seen.has(one['bom-ref']) && seen.add(one['bom-ref']))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(digest(JSON.stringify(body)))}`,
    version: 1,
    ...body,
  }
}

function npmComponent(path, { version, integrity, license, optional }) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    scope: optional ? 'optional' : 'required',
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }],
    ...(license
      ? { licenses: [/ (AND|OR|WITH) /.test(license) ? { expression: license } : { license: { id: license } }] }
      : {}),
    purl,
  }
}

/** What `python/requirements*.txt` lock; each file of a package has its hash. */
function pythonComponents() {
  const folder = join(root, 'python')
  const files = readdirSync(folder).filter((name) => /^requirements(-uv)?\.txt$/.test(name))
  const found = files.toSorted().flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split(/\n(?=[a-z0-9])/i)
      .flatMap((block) => {
        const [, name, version] = /^([\w.-]+)==([^\s;\\]+)/.exec(block) ?? []
        if (!name) return []
        const purl = `pkg:pypi/${name.toLowerCase()}@${version}`
        const hashes = [...block.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, content]) => content)
        return {
          type: 'library',
          'bom-ref': purl,
          name,
          version,
          scope: 'optional',
          hashes: hashes.toSorted().map((content) => ({ alg: 'SHA-256', content })),
          purl,
        }
      }),
  )
  return found.toSorted((a, b) => (a.purl < b.purl ? -1 : 1))
}

/** A version 8 UUID (RFC 9562): ours to fill, so the same content has the same one. */
const uuidOf = (hex) =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`

if (process.argv[1] && import.meta.filename === resolve(process.argv[1])) {
  await runScript(async () => {
    const file = resolve(process.argv[2] ?? join(root, 'dist', 'trivium.cdx.json'))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(billOfMaterials(), null, 1)}\n`)
    console.log(file)
    return 0
  })
}
