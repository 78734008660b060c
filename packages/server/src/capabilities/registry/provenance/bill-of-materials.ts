import type { EvaluatedMetric, ModelCard, ModelVersionDetail } from '@trivium/contract'
import type { PinnedPackage } from './lock-packages.ts'

/** A dataset version in the bill. */
export interface BilledDataset {
  readonly urn: string
  readonly name: string
  readonly version: string
  readonly as: string
  /** Unknown where the version was deleted since. */
  readonly digest: string | null
  readonly rows: number | null
}

export interface BillInput {
  readonly serial: string
  readonly program: string
  readonly version: ModelVersionDetail
  readonly card: ModelCard
  readonly datasets: readonly BilledDataset[]
  readonly packages: readonly PinnedPackage[]
  /** Where the packages are pinned, in words. */
  readonly packagesFrom: string | null
}

type Hash = { readonly alg: 'SHA-256'; readonly content: string }
const sha256 = (content: string): Hash => ({ alg: 'SHA-256', content })
const property = (name: string, value: string) => ({ name: `trivium:${name}`, value })

/** The bill of materials of a version as CycloneDX 1.6: its card, its files, the data that it was trained on and the packages of its environment. */
export function billOfMaterials(input: BillInput): Record<string, unknown> {
  const { serial, program, version, card, datasets, packages, packagesFrom } = input
  const unsafe = new Map(version.unsafe?.files.map(({ path, why }) => [path, why]))
  const files = version.files.flatMap(({ path, digest, isDirectory }) =>
    isDirectory || digest === null
      ? []
      : [
          {
            type: 'file',
            'bom-ref': `${version.urn}#${encodeURI(path)}`,
            name: path,
            hashes: [sha256(digest)],
            ...(unsafe.has(path)
              ? { properties: [property('unsafe', 'pickle'), property('unsafe-because', unsafe.get(path) ?? '')] }
              : {}),
          },
        ],
  )
  const data = datasets.map((one) => ({
    type: 'data',
    'bom-ref': one.urn,
    name: one.name,
    version: one.version,
    ...(one.digest === null ? {} : { hashes: [sha256(one.digest)] }),
    data: [{ type: 'dataset', name: `${one.name}@${one.version}`, contents: { url: one.urn } }],
    properties: [property('used-as', one.as), ...(one.rows === null ? [] : [property('rows', String(one.rows))])],
  }))
  const libraries = packages.map(({ name, version: pinned, sha256: hashes }) => {
    const purl = `pkg:pypi/${name}@${encodeURIComponent(pinned)}`
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version: pinned,
      purl,
      ...(hashes.length === 0 ? {} : { hashes: hashes.map(sha256) }),
    }
  })
  const parts = [...files, ...data, ...libraries]
  const license = version.tags['license'] ?? version.tags['licence']
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      timestamp: new Date(version.createdAt).toISOString(),
      tools: { components: [{ type: 'application', name: 'trivium', version: program }] },
      authors: [{ name: version.createdByName }],
      component: {
        type: 'machine-learning-model',
        'bom-ref': version.urn,
        name: version.model,
        version: String(version.version),
        ...(version.description === '' ? {} : { description: version.description }),
        hashes: [sha256(version.artifactDigest)],
        ...(license === undefined ? {} : { licenses: [{ license: { name: license } }] }),
        modelCard: cardOf(input),
        properties: [
          property('flavors', version.flavors.join(', ')),
          ...(version.run === null ? [] : [property('run', version.run)]),
          ...card.madeWith.map((ref) => property(ref.as, ref.urn)),
          ...(packagesFrom === null ? [] : [property('packages-from', packagesFrom)]),
          ...(version.unsafe === null ? [] : [property('unsafe', version.unsafe.kind)]),
        ],
      },
    },
    components: parts,
    dependencies: [
      { ref: version.urn, dependsOn: parts.map((part) => part['bom-ref']).toSorted() },
      ...parts.map((part) => ({ ref: part['bom-ref'] })),
    ],
  }
}

function cardOf({ version, card, datasets }: BillInput): Record<string, unknown> {
  const formats = (fields: readonly { readonly name: string | null; readonly type: string }[]) =>
    fields.map(({ name, type }) => ({ format: name === null ? type : `${name}: ${type}` }))
  return {
    modelParameters: {
      ...(card.architecture.estimator === null ? {} : { modelArchitecture: card.architecture.estimator }),
      datasets: datasets.map(({ urn }) => ({ ref: urn })),
      inputs: formats(version.signature?.inputs ?? []),
      outputs: formats(version.signature?.outputs ?? []),
    },
    quantitativeAnalysis: {
      performanceMetrics: version.evidence
        .filter(({ kind }) => kind === 'evaluation')
        .flatMap(({ data }) => metricsOf(data['metrics'])),
    },
    considerations: {
      ...(card.usage.text === null ? {} : { useCases: [card.usage.text] }),
      technicalLimitations: card.knownIssues.map(({ text, source }) => `${text} (${source})`),
      performanceTradeoffs: card.tradeOffs.map(({ text }) => text),
    },
  }
}

function metricsOf(metrics: unknown): Record<string, unknown>[] {
  if (!Array.isArray(metrics)) return []
  return (metrics as Partial<EvaluatedMetric>[]).flatMap(({ metric, value, low, high }) =>
    typeof metric === 'string' && typeof value === 'number'
      ? [
          {
            type: metric,
            value: String(value),
            ...(typeof low === 'number' && typeof high === 'number'
              ? { confidenceInterval: { lowerBound: String(low), upperBound: String(high) } }
              : {}),
          },
        ]
      : [],
  )
}
