import { statfs } from 'node:fs/promises'
import type { ServerState, StatusFinding } from '@trivium/contract'
import type { Pipelines } from './capabilities/pipelines/index.ts'
import type { Serving } from './capabilities/serving/index.ts'
import { readTls } from './kernel/http/index.ts'
import type { Kernel } from './kernel/kernel.ts'
import { lookAtCode } from './look-at-code.ts'
import { holds, type Principal } from './kernel/principal/index.ts'
import { residentMemory } from './kernel/telemetry/index.ts'

/** Below these many bytes of free space the status warns, and fails. */
const littleSpace = 1_000_000_000
const noSpace = 200_000_000
/** A job that could run and has waited so long, in milliseconds: warns, and fails. */
const longWait = 60_000
const veryLongWait = 600_000
/** So many days before its end a certificate should be there anew. */
const certificateDays = 14
const dayMs = 86_400_000
const muchLag = 5_000

const ok = (check: string, found: string): StatusFinding => ({ check, state: 'ok', found, mend: null })
const bad = (state: 'warning' | 'failed', check: string, found: string, mend: string): StatusFinding => ({
  check,
  state,
  found,
  mend,
})
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString('en-GB')} MB`

/** Looks at everything that the server needs. What a look throws is its finding; the others are told all the same. */
export async function readStatus(
  kernel: Kernel,
  { serving, pipelines }: { serving: Serving; pipelines: Pipelines },
  reader: Principal,
): Promise<StatusFinding[]> {
  const gateway = serving.gatewayStatus()
  const looks: Record<string, () => Promise<StatusFinding>> = {
    database: () => lookAtDatabase(kernel),
    servers: () => lookAtServers(kernel),
    events: () => lookAtEvents(kernel),
    jobs: () => lookAtJobs(kernel),
    gateway: async () => lookAtGateway(await gateway, reader),
    code: () => lookAtCode(kernel, pipelines),
    ...(kernel.config.tlsCertificate === '' ? {} : { certificate: async () => lookAtCertificate(kernel) }),
    disk: () => lookAtDisk(kernel),
    secrets: () => lookAtSecrets(kernel),
    memory: async () => lookAtMemory(kernel, (await gateway).status),
  }
  return Promise.all(
    Object.entries(looks).map(([check, look]) =>
      look().catch((error: unknown) =>
        bad('failed', check, (error as Error).message, 'The log of the server has the whole error.'),
      ),
    ),
  )
}

async function lookAtDatabase({ db, events }: Kernel): Promise<StatusFinding> {
  const started = performance.now()
  await events.head(db.read)
  const ms = performance.now() - started
  const name = db.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'
  const found = `${name} answers in ${ms < 1 ? 'less than 1' : Math.round(ms)} ms`
  return ms > 1000
    ? bad('warning', 'database', found, 'It is busy or far away; see what else it works on.')
    : ok('database', found)
}

/** Every server of the database, and who leads. */
export async function readServers({ replicas, db }: Kernel): Promise<ServerState[]> {
  const servers = await replicas.list()
  const lease =
    db.channel &&
    (await db.read
      .selectFrom('lease')
      .select('holder')
      .where('name', '=', 'engine')
      .where('until', '>', replicas.now())
      .executeTakeFirst())
  return servers.map(({ pid: _pid, gateway: _gateway, roles, ...server }) => ({
    ...server,
    roles: [...roles],
    leads: db.channel ? lease?.holder === server.id : true,
  }))
}

async function lookAtServers(kernel: Kernel): Promise<StatusFinding> {
  const servers = await readServers(kernel)
  const told = servers
    .map(({ host, roles, version, alive, leads, seenAt }) => {
      const state = alive
        ? leads
          ? ', leads'
          : ''
        : `, not seen for ${Math.round((kernel.replicas.now() - seenAt) / 1000)} s`
      return `${host} (${roles.join(', ')}, ${version}${state})`
    })
    .join('; ')
  const here = servers.filter(({ alive }) => alive)
  for (const role of ['api', 'engine', 'gateway'] as const)
    if (!here.some(({ roles }) => roles.includes(role)))
      return bad('failed', 'servers', `${told}: nobody is ${role}`, `Start one: trivium up --role ${role}`)
  const gone = servers.length - here.length
  return gone > 0
    ? bad('warning', 'servers', told, 'Start again what is gone; what was removed for good is forgotten after a day.')
    : ok('servers', told)
}

async function lookAtEvents({ db, events, consumers }: Kernel): Promise<StatusFinding> {
  const [head, positions] = await Promise.all([events.head(db.read), consumers.positions()])
  const failing = positions.filter(({ error }) => error !== null)
  if (failing.length > 0)
    return bad(
      'failed',
      'events',
      failing.map(({ name, error }) => `${name} fails: ${error}`).join('; '),
      'It is tried again by itself. If it stays so, report it with the log of the server.',
    )
  const behind = positions.filter(({ seq }) => head - seq > muchLag)
  return behind.length > 0
    ? bad(
        'warning',
        'events',
        behind.map(({ name, seq }) => `${name} is ${(head - seq).toLocaleString('en-GB')} events behind`).join('; '),
        'Wait for it; if it does not come nearer, the machine is too busy.',
      )
    : ok('events', `${head.toLocaleString('en-GB')} sealed, all are read`)
}

async function lookAtJobs({ db, jobs, clock }: Kernel): Promise<StatusFinding> {
  const oldest = await jobs.oldestDue(db.read)
  const waited = oldest === undefined ? 0 : clock() - oldest
  const found = oldest === undefined ? 'none waits' : `the oldest has waited ${Math.round(waited / 1000)} s`
  if (waited < longWait) return ok('jobs', found)
  return bad(
    waited < veryLongWait ? 'warning' : 'failed',
    'jobs',
    found,
    'All slots are taken. See what runs on the page of the pipelines, or give more with --step-slots.',
  )
}

type GatewayState = Awaited<ReturnType<Serving['gatewayStatus']>>

function lookAtGateway({ deployments, status }: GatewayState, reader: Principal): StatusFinding {
  if (deployments === 0) return ok('gateway', 'nothing is deployed')
  if (!status)
    return bad(
      'failed',
      'gateway',
      'does not answer, so that predictions do not either',
      'It is started again by itself; the log of the server says why it ended.',
    )
  const problems = status.deployments.filter(
    ({ project, problem }) => problem && holds(reader, project, 'metrics:read'),
  )
  return problems.length > 0
    ? bad(
        'failed',
        'gateway',
        problems.map(({ name, problem }) => `${name}: ${problem}`).join('; '),
        'Roll the deployment back, or deploy another version.',
      )
    : ok('gateway', `serves ${deployments} ${deployments === 1 ? 'deployment' : 'deployments'}`)
}

/** The files as they are now; a pair that is broken is not in use, the one before is. */
function lookAtCertificate({ config, clock }: Kernel): StatusFinding {
  const { expiresAt, names } = readTls({ certificate: config.tlsCertificate, key: config.tlsKey })
  const days = Math.floor((expiresAt - clock()) / dayMs)
  const found = `${names}, ${days < 0 ? 'expired' : 'good until'} ${new Date(expiresAt).toISOString().slice(0, 10)}`
  if (days >= certificateDays) return ok('certificate', found)
  return bad(
    days < 0 ? 'failed' : 'warning',
    'certificate',
    found,
    `Put a new one in ${config.tlsCertificate} and its key in ${config.tlsKey}; the server takes them up by itself.`,
  )
}

async function lookAtSecrets({ sealedRows }: Kernel): Promise<StatusFinding> {
  const { keys, unnamed, lost } = await sealedRows.use()
  const count = (n: number): string => `${n.toLocaleString('en-GB')} stored ${n === 1 ? 'secret' : 'secrets'}`
  if (lost > 0)
    return bad(
      'failed',
      'secrets',
      `${count(lost)} cannot be read: their vault key is not there`,
      'Put the older key behind the newer one in vault-key of the data directory or in vaultKey, and start again.',
    )
  // A text that names no key was sealed with the only one that there was.
  const older = keys.reduce((sum, key) => sum + (key.current ? 0 : key.rows), 0) + (keys.length > 1 ? unnamed : 0)
  if (older > 0)
    return bad(
      'warning',
      'secrets',
      `${count(older)} ${older === 1 ? 'needs' : 'need'} an older vault key`,
      'Run: trivium secrets rotate-key --rewrap-only',
    )
  return ok('secrets', `${count(keys.reduce((sum, key) => sum + key.rows, unnamed))}, all under the newest vault key`)
}

async function lookAtDisk({ paths }: Kernel): Promise<StatusFinding> {
  const { bavail, bsize } = await statfs(paths.data)
  const free = bavail * bsize
  const found = `${megabytes(free)} free in the data directory`
  if (free >= littleSpace) return ok('disk', found)
  return bad(free < noSpace ? 'failed' : 'warning', 'disk', found, 'Make room; writes are refused when it is full.')
}

async function lookAtMemory({ tables }: Kernel, gateway: GatewayState['status']): Promise<StatusFinding> {
  const processes = [
    { name: 'main', pid: process.pid },
    ...(gateway ? [{ name: 'gateway', pid: gateway.pid }] : []),
    ...tables.processes().map(({ process: name, pid }) => ({ name: `tables ${name}`, pid })),
  ]
  const read = await Promise.all(
    processes.map(async ({ name, pid }) => {
      const bytes = await residentMemory(pid)
      return bytes === undefined ? [] : [`${name} ${megabytes(bytes)}`]
    }),
  )
  return ok('memory', read.flat().join(', '))
}
