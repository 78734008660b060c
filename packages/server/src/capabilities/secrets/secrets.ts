import type { InstanceSecret, Secret, SecretVersion } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import type { AccessNotes } from '../../kernel/http/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Mask } from '../../kernel/masking/index.ts'
import type { Principal, Scope } from '../../kernel/principal/index.ts'
import { secretErrors } from './errors.ts'
import { type Handed, handOut, type HandOutRequest } from './hand-out.ts'
import { instanceSecrets, presentSecrets, presentVersions } from './present-secrets.ts'
import { createRunMasks } from './run-masks.ts'
import {
  deleteSecret,
  findSecret,
  placeOf,
  sealValue,
  storeValue,
  visibleSecrets,
  wipeExpired,
} from './stored-value.ts'
import { instanceOwner } from './tables.ts'

/** What names secrets: the pipelines implement it. */
export interface SecretUsers {
  /** Which steps of which pipelines name a secret, by the newest versions of a project's pipelines. */
  named(project: string): Promise<{ secret: string; pipeline: string; step: string }[]>
  /** References in the definition of one pipeline run. */
  namedByRun(project: string, run: string): Promise<readonly string[]>
}

/** A value that is set. */
export interface SecretInput {
  readonly value: string
  readonly description?: string
  readonly overlapSeconds?: number
}

/** Named secrets, which are written only: nobody reads a value, steps are handed it. */
export interface Secrets {
  list(scope: Scope): Promise<Secret[]>
  get(scope: Scope, name: string): Promise<{ secret: Secret; versions: SecretVersion[] }>
  set(scope: Scope, name: string, input: SecretInput): Promise<Secret>
  /** Throws SECRETS.IN_USE while pipelines name it, unless forced. */
  remove(scope: Scope, name: string, options: { force: boolean }): Promise<void>
  listInstance(): Promise<InstanceSecret[]>
  setInstance(
    by: Principal,
    name: string,
    input: SecretInput & { projects?: readonly string[] },
  ): Promise<InstanceSecret>
  share(by: Principal, name: string, projects: readonly string[]): Promise<InstanceSecret>
  removeInstance(by: Principal, name: string, options: { force: boolean }): Promise<void>
  /** Names that a definition in the project may use. */
  names(project: string): Promise<ReadonlySet<string>>
  /** Values for one step of a run; recorded as a use. Needs `secret:use`. */
  handOut(scope: Scope, request: HandOutRequest): Promise<Handed>
  /** Hides the secrets of a run in what its steps send; undefined when it has none. */
  maskOfRun(project: string, run: string): Promise<Mask | undefined>
  /** Forgets what a run was handed, once it has ended. */
  runEnded(project: string, run: string): void
  /** Says what names secrets; called once when the program is composed. */
  follow(users: SecretUsers): void
}

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'jobs' | 'vault' | 'sealedRows'>

const wipeJob = 'secret-wipe'

export function createSecrets(kernel: Deps, { notes }: { notes: AccessNotes }): Secrets {
  const { db, clock, events, jobs, sealedRows } = kernel
  let users: SecretUsers = { named: async () => [], namedByRun: async () => [] }
  const masks = createRunMasks(kernel, { namedByRun: (project, run) => users.namedByRun(project, run) })
  sealedRows.add({
    table: 'secret_version',
    column: 'sealed',
    key: ['project_id', 'name', 'version'],
    also: ['id'],
    about: (row) => placeOf(row as unknown as Parameters<typeof placeOf>[0]),
  })
  jobs.handle({
    kind: wipeJob,
    concurrency: 1,
    background: true,
    handle: (job) => job.complete((trx) => wipeExpired(trx, kernel)),
  })

  const say = async (
    trx: Trx,
    projects: Iterable<string>,
    by: string,
    name: string,
    what: string,
    data: Record<string, unknown>,
  ) => {
    for (const project of projects)
      await events.append(trx, {
        project,
        name: `secret.${what}`,
        schema: 1,
        by,
        subject: urn(project, 'secret', name),
        refs: [],
        data,
      })
  }
  /** What is done to a secret of the instance is an event of the default project, as all of the instance is, and of those that may use it. */
  const told = async (trx: Trx, name: string): Promise<Set<string>> => {
    const shares = await trx.selectFrom('secret_share').select('project_id').where('name', '=', name).execute()
    return new Set(['default', ...shares.map((share) => share.project_id)])
  }
  const store = async (
    owner: string,
    name: string,
    by: Principal,
    input: SecretInput,
    more?: (trx: Trx) => Promise<void>,
  ): Promise<void> => {
    const overlapSeconds = input.overlapSeconds ?? 0
    const sealed = await sealValue(kernel, { owner, name }, input.value)
    await db.write.transaction().execute(async (trx) => {
      const overlapMs = overlapSeconds * 1000
      const version = await storeValue(trx, kernel, sealed, { by: by.id, description: input.description, overlapMs })
      await more?.(trx)
      if (overlapMs > 0)
        await jobs.enqueue(trx, {
          project: owner === instanceOwner ? 'default' : owner,
          kind: wipeJob,
          key: sealed.id,
          input: {},
          notBefore: clock() + overlapMs,
        })
      await say(trx, owner === instanceOwner ? await told(trx, name) : [owner], by.id, name, 'set', {
        version,
        overlapSeconds,
      })
    })
    masks.changed()
  }
  const replaceShares = async (trx: Trx, by: Principal, name: string, projects: readonly string[]): Promise<void> => {
    const wanted = new Set(projects)
    const known = await trx
      .selectFrom('project')
      .select('id')
      .where('id', 'in', [...wanted, ''])
      .execute()
    const unknown = projects.find((project) => !known.some(({ id }) => id === project))
    if (unknown !== undefined) throw secretErrors.UNKNOWN_PROJECT(unknown)
    const before = new Set(
      (await trx.selectFrom('secret_share').select('project_id').where('name', '=', name).execute()).map(
        (row) => row.project_id,
      ),
    )
    const added = [...wanted].filter((project) => !before.has(project))
    const taken = [...before].filter((project) => !wanted.has(project))
    const row = { name, shared_at: clock(), shared_by: by.id }
    for (const project of added)
      await trx
        .insertInto('secret_share')
        .values({ ...row, project_id: project })
        .execute()
    for (const project of taken)
      await trx.deleteFrom('secret_share').where('name', '=', name).where('project_id', '=', project).execute()
    await say(trx, added, by.id, name, 'shared', { shared: true })
    await say(trx, taken, by.id, name, 'shared', { shared: false })
  }
  const requireInstance = async (name: string): Promise<InstanceSecret> => {
    const [found] = await instanceSecrets(db.read, clock(), name)
    if (!found) throw secretErrors.INSTANCE_NOT_FOUND(name)
    return found
  }
  const present = async (scope: Scope, name?: string): Promise<Secret[]> =>
    presentSecrets(
      db.read,
      scope.project,
      clock(),
      await visibleSecrets(db.read, scope.project, name),
      await users.named(scope.project),
    )
  const requireOwn = async ({ project }: Scope, name: string): Promise<void> => {
    const found = await findSecret(db.read, project, name)
    if (!found) throw secretErrors.NOT_FOUND(name)
    if (found.owner !== project) throw secretErrors.NOT_OURS(name)
  }
  const refuseUsed = async (projects: readonly string[], name: string): Promise<void> => {
    const where = (
      await Promise.all(
        projects.map(async (project) =>
          (
            await users.named(project)
          )
            .filter((one) => one.secret === name)
            .map((one) => `pipeline "${one.pipeline}"${projects.length > 1 ? ` of project "${project}"` : ''}`),
        ),
      )
    ).flat()
    if (where.length > 0) throw secretErrors.IN_USE(name, [...new Set(where)].join(', '))
  }

  return {
    list: (scope) => present(scope),
    get: async (scope, name) => {
      const [secret] = await present(scope, name)
      const found = await findSecret(db.read, scope.project, name)
      if (!secret || !found) throw secretErrors.NOT_FOUND(name)
      return { secret, versions: await presentVersions(db.read, found, clock()) }
    },
    set: async (scope, name, input) => {
      await store(scope.project, name, scope.principal, input)
      const [secret] = await present(scope, name)
      if (!secret) throw secretErrors.NOT_FOUND(name)
      return secret
    },
    remove: async (scope, name, { force }) => {
      await requireOwn(scope, name)
      if (!force) await refuseUsed([scope.project], name)
      await db.write.transaction().execute(async (trx) => {
        await deleteSecret(trx, { owner: scope.project, name })
        await say(trx, [scope.project], scope.principal.id, name, 'removed', {})
      })
    },
    listInstance: () => instanceSecrets(db.read, clock()),
    setInstance: async (by, name, input) => {
      const { projects } = input
      await store(instanceOwner, name, by, input, async (trx) => {
        if (projects) await replaceShares(trx, by, name, projects)
      })
      return requireInstance(name)
    },
    share: async (by, name, projects) => {
      await requireInstance(name)
      await db.write.transaction().execute((trx) => replaceShares(trx, by, name, projects))
      return requireInstance(name)
    },
    removeInstance: async (by, name, { force }) => {
      const { projects } = await requireInstance(name)
      if (!force) await refuseUsed(projects, name)
      await db.write.transaction().execute(async (trx) => {
        const projectsTold = await told(trx, name)
        await trx.deleteFrom('secret_share').where('name', '=', name).execute()
        await deleteSecret(trx, { owner: instanceOwner, name })
        await say(trx, projectsTold, by.id, name, 'removed', {})
      })
    },
    names: async (project) => new Set((await visibleSecrets(db.read, project)).map((row) => row.name)),
    handOut: async (scope, request) => {
      const handed = await handOut(kernel, notes, scope, request)
      masks.handed(scope.project, request.run, handed.secrets)
      return handed
    },
    maskOfRun: (project, run) => masks.of(project, run),
    runEnded: (project, run) => masks.forget(project, run),
    follow: (given) => {
      users = given
    },
  }
}
