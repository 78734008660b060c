import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findViolation, type Import } from './boundary-rules.ts'
import { capabilityFloors, serverLayers } from './floors.ts'
import { readImports } from './read-imports.ts'
import { root, trackedFiles } from './tracked-files.ts'

const sources = trackedFiles().filter(
  (path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|fixture|stories)\.tsx?$|\.d\.ts$/.test(path),
)

test('every import respects the floors', () => {
  expect(sources.length).toBeGreaterThan(50)
  const violations = sources.flatMap((file) => readImports(root, file).map(findViolation)).filter(Boolean)
  expect([...new Set(violations)]).toEqual([])
})

test('every folder of the server is a layer, and every capability has a floor', () => {
  const folders = (path: string) =>
    readdirSync(join(root, 'packages/server/src', path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  expect(folders('.').filter((name) => !(name in serverLayers))).toEqual([])
  expect(folders('capabilities').filter((name) => !(name in capabilityFloors))).toEqual([])
})

test('colours of the UI are named in tokens.css alone', () => {
  const colour = /(?<=['"`:\s,(])#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b/gi
  const painted = trackedFiles().filter(
    (path) => /^packages\/web\/src\/.*\.(tsx?|css)$/.test(path) && !/tokens\.css$|\.test\.tsx?$/.test(path),
  )
  const found = painted.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(colour)].map(([hex]) => `${file}: ${hex}`),
  )
  expect(found).toEqual([])
})

const server = (path: string) => `packages/server/src/${path}`
const edge = (from: string, to: string, kind: Import['kind'] = 'static'): Import => ({ from, to, kind })

test.each([
  ['a lower floor by its index', edge(server('capabilities/serving/a.ts'), server('capabilities/registry/index.ts'))],
  ['its own folder', edge(server('capabilities/serving/a.ts'), server('capabilities/serving/store/b.ts'))],
  ['the kernel', edge(server('capabilities/serving/a.ts'), server('kernel/db/index.ts'))],
  ['a capability from a protocol', edge(server('protocols/mlflow/a.ts'), server('capabilities/tracking/index.ts'))],
  ['an engine in a driver', edge(server('drivers/onnx/a.ts'), 'onnxruntime-node')],
  ['anything where the server is composed', edge(server('main.ts'), server('protocols/mlflow/index.ts'))],
  ['a kernel type in a migration', edge(server('migrations/0001-a.ts'), server('kernel/db/index.ts'), 'type')],
  ['the server by import() in the command', edge('packages/cli/src/up.ts', server('index.ts'), 'dynamic')],
  ['the contract from the UI', edge('packages/web/src/a.tsx', 'packages/contract/src/index.ts')],
])('allowed: %s', (_title, allowed) => {
  expect(findViolation(allowed)).toBeUndefined()
})

test.each([
  ['a higher floor', edge(server('capabilities/registry/a.ts'), server('capabilities/serving/index.ts'))],
  ['its own floor', edge(server('capabilities/tracking/a.ts'), server('capabilities/features/index.ts'))],
  ['a lower floor past its index', edge(server('capabilities/serving/a.ts'), server('capabilities/registry/store.ts'))],
  ['a capability without a floor', edge(server('capabilities/magic/a.ts'), server('capabilities/access/index.ts'))],
  ['a driver from a capability', edge(server('capabilities/serving/a.ts'), server('drivers/onnx/index.ts'))],
  ['a protocol from a capability', edge(server('capabilities/serving/a.ts'), server('protocols/mlflow/index.ts'))],
  ['a capability past its index from a protocol', edge(server('protocols/a/a.ts'), server('capabilities/access/b.ts'))],
  ['one protocol from another', edge(server('protocols/a/a.ts'), server('protocols/b/b.ts'))],
  ['a capability from the kernel', edge(server('kernel/http/a.ts'), server('capabilities/access/index.ts'), 'type')],
  ['a driver from the kernel', edge(server('kernel/db/a.ts'), server('drivers/sqlite/index.ts'))],
  ['a capability from a driver', edge(server('drivers/onnx/a.ts'), server('capabilities/serving/index.ts'))],
  ['one driver from another', edge(server('drivers/onnx/a.ts'), server('drivers/sqlite/a.ts'))],
  ['what composes the server', edge(server('kernel/a/b.ts'), server('compose.ts'))],
  ['running kernel code in a migration', edge(server('migrations/0001-a.ts'), server('kernel/db/index.ts'))],
  ['an engine in a capability', edge(server('capabilities/datasets/a.ts'), '@duckdb/node-api')],
  ['a library in the contract', edge('packages/contract/src/a.ts', 'ajv')],
  ['the server from the UI', edge('packages/web/src/a.tsx', server('index.ts'), 'type')],
  ['Node in the UI', edge('packages/web/src/a.tsx', 'node:fs')],
  ['Node in the client', edge('packages/sdk/src/a.ts', 'node:http')],
  ['the server at once in the command', edge('packages/cli/src/main.ts', server('index.ts'))],
  ['a script from a package', edge('packages/cli/src/main.ts', 'scripts/setup.mjs')],
])('refused: %s', (_title, refused) => {
  expect(findViolation(refused)).toMatch(/ imports .+: .+\.$/)
})
