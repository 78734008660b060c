import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role } from '@trivium/contract'
import {
  type Capabilities,
  checkEvent,
  composeCapabilities,
  composeHttp,
  createEventLog,
  createKernel,
  createLogger,
  type Http,
  instanceId,
  type Kernel,
  loadConfig,
  migrate,
  migrations,
  openDatabase,
  openDrivers,
  type Principal,
  type Scope,
  sealBacklog,
} from '@trivium/server/testing'
import { copyMigratedFile } from './migrated-file.ts'
import { uncontainedVariable } from './spawn-server.ts'

/** The answer of an injected request, its JSON parsed. */
export interface Answer {
  status: number
  headers: Record<string, unknown>
  // biome-ignore lint: tests look into answers of every shape
  json: any
  text: string
}

export interface Client {
  readonly token: string
  readonly principal: Principal
  readonly scope: Scope
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

/** A whole server in the test's process, without a port and without child processes until something needs one. */
export interface World {
  readonly kernel: Kernel
  readonly capabilities: Capabilities
  readonly app: Http
  /** The project that clients act in unless a test makes another. */
  readonly project: string
  /** Moves the clock; it starts at 2001-02-01 00:00 UTC and stands still. */
  readonly time: { now: number }
  /** A client whose principal holds one role in a project. Made once per role and project. */
  as(role: Role | 'instance-admin', project?: string): Promise<Client>
  /** A new project. */
  makeProject(): Promise<string>
  /** Waits until consumers and jobs have done everything that was caused so far; throws with the blockers after `ms`. */
  settled(project?: string, ms?: number): Promise<void>
  close(): Promise<void>
}

/** Brings the database at this address to the newest schema. */
export function migrateDatabase(databaseUrl: string): Promise<void> {
  return migrateNew({ data: tmpdir(), databaseUrl })
}

async function migrateNew(flags: { data: string; databaseUrl?: string }): Promise<void> {
  const config = loadConfig({ flags, environment: {} })
  const db = await openDatabase(config, { durable: false })
  await migrate(db, migrations)
  await db.close()
}

export async function createWorld(options: {
  databaseUrl?: string
  configuration?: Record<string, unknown>
  /** Directory of an earlier world, to go on where it stopped; `close` leaves it. */
  data?: string
}): Promise<World> {
  const uncontained = process.env[uncontainedVariable] && options.configuration?.['codeExecution'] === undefined
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'trivium-world-')))
  const config = loadConfig({
    flags: {
      data,
      port: 0,
      logLevel: 'silent',
      ...(uncontained ? { codeExecution: 'uncontained' } : {}),
      ...(options.databaseUrl ? { databaseUrl: options.databaseUrl } : {}),
      ...options.configuration,
    },
    environment: {},
  })
  const time = { now: Date.UTC(2001, 1, 1) }
  const logger = createLogger({ level: config.logLevel })
  if (!options.databaseUrl) await copyMigratedFile(data, (own) => migrateNew({ data: own }))
  const db = await openDatabase(config, { durable: false })
  await migrate(db, migrations)
  await sealBacklog(db)
  const drivers = openDrivers(config, {
    durable: false,
    onDamaged: (damage) => capabilities.storage.noteDamage(damage),
    db,
  })
  await drivers.blobs.own(await instanceId(db))
  const kernel = createKernel({ config, db, clock: () => time.now, logger, ...drivers, checkEvent })
  // There the people of a test count as one.
  const capabilities = uncontained ? composeCapabilities(kernel, async () => 1) : composeCapabilities(kernel)
  const adminToken = 'admin-token-of-a-test-world-0000'
  await capabilities.access.bootstrap({ adminToken, dataDirectory: data })
  const app = composeHttp(kernel, capabilities, { allowedHosts: () => new Set(['localhost', '127.0.0.1']) })
  await app.ready()
  await kernel.leader.start()
  kernel.consumers.start()
  kernel.jobs.start()

  const clientOf = async (token: string, project: string): Promise<Client> => {
    const found = await capabilities.access.authenticate({ authorization: `Bearer ${token}` })
    if (!found) throw new Error('The token of a test client is not known.')
    return {
      token,
      principal: found.principal,
      scope: { project, principal: found.principal } as Scope,
      call: async (method, url, body, headers) => {
        const raw = body instanceof Uint8Array || typeof body === 'string'
        const response = await app.inject({
          method,
          url,
          headers: {
            authorization: `Bearer ${token}`,
            host: 'localhost',
            ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { payload: raw ? Buffer.from(body) : JSON.stringify(body) }),
        })
        const text = response.body
        const isJson = /json(;|$)/.test(String(response.headers['content-type'] ?? ''))
        return {
          status: response.statusCode,
          headers: response.headers as Record<string, unknown>,
          json: isJson && text ? JSON.parse(text) : undefined,
          text,
        }
      },
    }
  }
  const admin = await clientOf(adminToken, 'default')
  const clients = new Map<string, Promise<Client>>()
  let projects = 0

  const makeClient = async (role: Role | 'instance-admin', project: string): Promise<Client> => {
    if (role === 'instance-admin') return clientOf(adminToken, project)
    const { id } = await capabilities.access.createPrincipal(admin.principal, {
      name: `${role}-${project}-${clients.size}`,
      kind: 'person',
    })
    await capabilities.access.grantRole({ project, principal: admin.principal } as Scope, { principalId: id, role })
    const { secret } = await capabilities.access.createToken(admin.principal, { principalId: id, name: role, project })
    return clientOf(secret, project)
  }

  return {
    // What a test makes up need not be whole; what the capabilities append must be.
    kernel: { ...kernel, events: createEventLog({ db, clock: () => time.now }) },
    capabilities,
    app,
    project: 'default',
    time,
    as: (role, project = 'default') => {
      const key = `${role}/${project}`
      const known = clients.get(key)
      if (known) return known
      const made = makeClient(role, project)
      clients.set(key, made)
      return made
    },
    makeProject: async () => {
      projects += 1
      const { name } = await capabilities.access.createProject(admin.principal, {
        name: `project-${projects}-${Math.random().toString(36).slice(2, 8)}`,
      })
      return name
    },
    settled: async (project = 'default', ms = 15_000) => {
      const left = await kernel.watermark.settle(project, ms)
      if (left.length > 0) throw new Error(`The world did not settle: ${left.join('; ')}`)
    },
    close: async () => {
      await app.close()
      await capabilities.accessLog.stop()
      await capabilities.quotas.stop()
      await capabilities.serving.stop({ keepGateway: false })
      await kernel.jobs.stop()
      await kernel.consumers.stop()
      capabilities.outcomes.close()
      capabilities.monitoring.close()
      await kernel.leader.stop()
      await kernel.replicas.stop()
      await kernel.sequencer.stop()
      await kernel.places.close()
      await kernel.tables.close()
      await kernel.scorer.close()
      await db.close()
      if (options.data === undefined) await rm(data, { recursive: true, force: true })
    },
  }
}
