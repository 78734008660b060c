/**
 * The floor of each capability. A capability may import the `index.ts` of capabilities on lower floors, and nothing else
 * of any other capability; a new capability is entered here first.
 */
export const capabilityFloors: Readonly<Record<string, number>> = {
  governance: 9,
  operations: 8,
  rollouts: 7,
  reports: 7,
  monitoring: 7,
  serving: 6,
  imports: 6,
  exploration: 6,
  registry: 5,
  training: 5,
  evaluation: 4,
  pipelines: 4,
  traces: 4,
  labelling: 4,
  outcomes: 3,
  tracking: 3,
  features: 3,
  datasets: 2,
  subjects: 2,
  inbox: 1,
  lineage: 1,
  webhooks: 1,
  access: 0,
  storage: 0,
  quotas: 0,
  secrets: 0,
  connections: 0,
}

/** What else each layer of the server may import of the server; files directly in its `src` compose and may import all. */
export const serverLayers: Readonly<Record<string, readonly string[]>> = {
  protocols: ['capabilities', 'gateway', 'kernel'],
  /** The inference process, which shares nothing with main but the kernel; `gateway-main.ts` composes it. */
  gateway: ['kernel'],
  capabilities: ['kernel'],
  drivers: ['kernel'],
  kernel: [],
  migrations: [],
}

/** What each package may import of the other packages. */
export const packageImports: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  sdk: ['contract'],
  server: ['contract'],
  web: ['contract', 'sdk'],
  cli: ['contract', 'sdk', 'server'],
  testing: ['contract', 'sdk', 'server'],
}

/** Engines behind ports: capabilities and protocols never load them. */
export const engines: readonly string[] = ['@duckdb/node-api', 'node:sqlite', 'onnxruntime-node', 'pg']
