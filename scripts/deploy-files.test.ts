import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MetricDefinition, metricDefinitions } from '@trivium/contract'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { configSchema } from '../packages/server/src/kernel/config/index.ts'
import { root } from './tracked-files.ts'

const read = (file: string): string => readFileSync(join(root, 'deploy', file), 'utf8')
const manifests = readdirSync(join(root, 'deploy/kubernetes')).filter((file) => file !== 'kustomization.yaml')
const resources = manifests.flatMap((file) => parseAllDocuments(read(`kubernetes/${file}`)).map((one) => one.toJS()))
const ofKind = (kind: string) => resources.filter((one) => one.kind === kind)
const settings = new Set(
  Object.keys(configSchema.properties).map((name) => `TRIVIUM_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`),
)

test.each(['prometheus/trivium-rules.yaml', 'grafana/trivium.json'])(
  'every figure and label that %s asks for is in the contract',
  (file) => {
    const definitions: Record<string, MetricDefinition> = metricDefinitions
    const used = [...read(file).matchAll(/\b(trivium_[a-z_]+)(?:\{([^}]*)\})?/g)]
    expect(used.length).toBeGreaterThan(5)
    const wrong = used.flatMap(([whole, name = '', matchers = '']) => {
      const definition = definitions[name] ?? definitions[name.replace(/_(bucket|sum|count)$/, '')]
      if (!definition) return [`${whole}: no such figure`]
      const labels = [...matchers.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label)
      return labels
        .filter((label) => ![...definition.labels, 'le', 'instance'].includes(label))
        .map((label) => `${whole}: no label ${label}`)
    })
    expect(wrong).toEqual([])
  },
)

test('the Kubernetes base lists every manifest, and each server is confined', () => {
  const { resources: listed } = parse(read('kubernetes/kustomization.yaml')) as { resources: string[] }
  expect(listed.toSorted()).toEqual(manifests.toSorted())
  const servers = ofKind('StatefulSet')
  expect(servers.map((one) => one.spec.template.spec.containers[0].args)).toEqual([
    ['up', '--role', 'api'],
    ['up', '--role', 'engine'],
    ['up', '--role', 'gateway'],
  ])
  for (const { metadata, spec } of servers) {
    const pod = spec.template.spec
    const [container] = pod.containers
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.resources.limits.memory).toBeDefined()
    // Without a host that the server knows, a probe is answered with 421 and the pod is killed.
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(container[probe].httpGet.httpHeaders).toEqual([{ name: 'Host', value: 'localhost' }])
    const budgets = ofKind('PodDisruptionBudget').filter((one) => one.metadata.name === metadata.name)
    expect(budgets).toHaveLength(1)
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels)
  }
})

test('what the deployments set are settings of the server, and no secret is written in them', () => {
  const [config] = ofKind('ConfigMap')
  const named = [
    ...Object.keys(config.data),
    ...['docker/Dockerfile', 'systemd/trivium.service'].flatMap(
      (file) => read(file).match(/\bTRIVIUM_[A-Z_]+(?==)/g) ?? [],
    ),
  ].filter((name) => name.startsWith('TRIVIUM_'))
  expect(named.length).toBeGreaterThan(10)
  const known = (name: string) => name === 'TRIVIUM_CONFIG' || settings.has(name.replace(/_FILE$/, ''))
  expect(named.filter((name) => !known(name))).toEqual([])
  expect(ofKind('Secret')).toEqual([])
  const secret = /KEY|TOKEN|SECRET|DATABASE_URL|PASSWORD/
  expect(Object.keys(config.data).filter((name) => secret.test(name) && !name.endsWith('_FILE'))).toEqual([])
})

test('the image runs as an ordinary user, from the packed tarball, and says whether it is healthy', () => {
  const lines = read('docker/Dockerfile').replaceAll('\\\n', ' ').split('\n')
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')))
  expect(last.find((line) => line.startsWith('USER'))).toBe('USER 10001:10001')
  expect(last.some((line) => line.startsWith('HEALTHCHECK') && line.includes('/readyz'))).toBe(true)
  expect(lines.filter((line) => line.startsWith('COPY') && !line.includes('--from='))).toEqual([
    'COPY dist/trivium-*.tgz /tmp/trivium.tgz',
  ])
  expect(lines.filter((line) => /^ADD|curl|wget|sudo/.test(line))).toEqual([])
})
