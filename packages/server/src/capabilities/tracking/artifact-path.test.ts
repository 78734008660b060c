import { expect, test } from 'vitest'
import { artifactPath, parseArtifactUri, parseProxyPath } from './artifact-path.ts'

test('an address of an artifact is one of ours, with neither query nor fragment nor a way out', () => {
  const good = 'mlflow-artifacts:/1/abc/artifacts/model'
  expect(parseArtifactUri(good)).toEqual({ experiment: '1', owner: { kind: 'run', id: 'abc' }, path: 'model' })
  for (const bad of [
    `${good}?x=1`,
    `${good}#x`,
    `${good}/../../2/x`,
    `${good}/%2e%2e/x`,
    'mlflow-artifacts:/1/abc/elsewhere/model',
    'mlflow-artifacts://host/1/abc/artifacts',
    'file:///1/abc/artifacts/model',
    'mlflow-artifacts:/1/a%b/artifacts/model',
  ])
    expect([bad, parseArtifactUri(bad)]).toEqual([bad, undefined])
})

test('a path has a length, and no part that means another place', () => {
  expect(artifactPath(`${'a/'.repeat(499)}b`)).toHaveLength(999)
  for (const bad of ['a/'.repeat(600) + 'b', '../a', 'a/./b', 'a//b', 'a\\b', 'a\u0000', 'a\u0007b', ''])
    expect(() => artifactPath(bad)).toThrow(expect.objectContaining({ status: 400 }))
  expect(() => parseProxyPath('../1/abc/artifacts/x')).toThrow('../1/abc')
})
