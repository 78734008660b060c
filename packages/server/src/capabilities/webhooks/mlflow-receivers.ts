import { randomBytes } from 'node:crypto'
import type { Trx } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { secretPlace } from './deliver.ts'
import { webhookErrors } from './errors.ts'
import type { WebhookTable } from './tables.ts'

/** What a webhook of MLflow is told, in MLflow's words. */
export interface MlflowEvent {
  readonly entity: string
  readonly action: string
}

/** What is kept of a webhook that was made through MLflow's API beside what every webhook has. */
export interface MlflowReceiver {
  readonly id: string
  /** MLflow's name, which several may share. */
  readonly name: string
  readonly description: string
  readonly events: readonly MlflowEvent[]
  readonly updatedAt: number
}

/** A webhook as MLflow's API shows it. */
export interface MlflowHook extends MlflowReceiver {
  /** Its name among all webhooks of the project. */
  readonly handle: string
  readonly url: string
  readonly active: boolean
  readonly createdAt: number
}

/** The events of MLflow that something here causes, and the names of our events that do. */
export const mlflowEvents: Readonly<Record<string, string>> = {
  'REGISTERED_MODEL.CREATED': 'model.created',
  'MODEL_VERSION.CREATED': 'model-version.registered',
  'MODEL_VERSION_ALIAS.CREATED': 'model.alias-set',
  'MODEL_VERSION_ALIAS.DELETED': 'model.alias-removed',
  'MODEL_VERSION_TAG.SET': 'model-version.tag-set',
  'MODEL_VERSION_TAG.DELETED': 'model-version.tag-removed',
  'PROMPT.CREATED': 'model.created',
  'PROMPT_VERSION.CREATED': 'model-version.registered',
  'PROMPT_TAG.SET': 'model.tag-set',
  'PROMPT_TAG.DELETED': 'model.tag-removed',
  'PROMPT_VERSION_TAG.SET': 'model-version.tag-set',
  'PROMPT_VERSION_TAG.DELETED': 'model-version.tag-removed',
  'PROMPT_ALIAS.CREATED': 'model.alias-set',
  'PROMPT_ALIAS.DELETED': 'model.alias-removed',
}

/** A request's body as MLflow's server writes it. */
export const mlflowBody = ({ entity, action, data }: MlflowEvent & { readonly data: unknown }, at: number): string =>
  JSON.stringify({
    entity: entity.toLowerCase(),
    action: action.toLowerCase(),
    timestamp: new Date(at).toISOString(),
    data,
  })

/** What a trial sends: an example of an event, by itself the first that the webhook is told. */
export function trialBody(mlflow: string, at: number, event?: MlflowEvent): string {
  const [first = { entity: 'REGISTERED_MODEL', action: 'CREATED' }] = (JSON.parse(mlflow) as MlflowReceiver).events
  const { entity, action } = event ?? first
  return mlflowBody({ entity, action, data: exampleOf(entity, action) }, at)
}

/** The fields that a real event of the kind has. */
function exampleOf(entity: string, action: string): object {
  const name = 'example'
  const version = /VERSION/.test(entity) ? { version: '1' } : {}
  if (entity.endsWith('_TAG'))
    return { name, ...version, key: 'example', ...(action === 'SET' ? { value: 'example' } : {}) }
  if (entity.endsWith('ALIAS')) return { name, alias: 'example', ...(action === 'CREATED' ? { version: '1' } : {}) }
  const source = entity === 'MODEL_VERSION' ? { source: 'models:/example', run_id: 'example' } : {}
  const template = entity === 'PROMPT_VERSION' ? { template: 'Hello {{name}}!' } : {}
  return { name, ...version, ...source, ...template, tags: { example: 'example' }, description: 'A trial.' }
}

/** Webhooks by MLflow's API. */
export interface MlflowReceivers {
  create(scope: Scope, input: MlflowInput): Promise<MlflowHook>
  /** By id; a page of them behind another. */
  list(scope: Scope, page: { limit: number; after: string }): Promise<{ hooks: MlflowHook[]; more: boolean }>
  find(scope: Scope, id: string): Promise<MlflowHook>
  update(scope: Scope, id: string, change: Partial<MlflowInput>): Promise<MlflowHook>
}

interface MlflowInput {
  readonly name: string
  readonly description: string
  readonly url: string
  readonly events: readonly MlflowEvent[]
  readonly secret: string
  readonly active: boolean
}

type Deps = Pick<Kernel, 'db' | 'clock' | 'egress' | 'vault'> & {
  readonly insert: (scope: Scope, row: WebhookTable) => Promise<void>
  readonly say: (
    trx: Trx,
    scope: Scope,
    what: string,
    row: { name: string },
    data: Record<string, unknown>,
  ) => Promise<unknown>
}

const patternsOf = (events: readonly MlflowEvent[]): string =>
  JSON.stringify([...new Set(events.map(({ entity, action }) => mlflowEvents[`${entity}.${action}`] ?? ''))])

export function mlflowReceivers({ db, clock, egress, vault, insert, say }: Deps): MlflowReceivers {
  const shown = (row: WebhookTable): MlflowHook => ({
    ...(JSON.parse(row.mlflow ?? '{}') as MlflowReceiver),
    handle: row.name,
    url: row.url,
    active: row.active === 1,
    createdAt: Number(row.created_at),
  })
  const rows = ({ project }: Scope) =>
    db.read.selectFrom('webhook').selectAll().where('project_id', '=', project).where('mlflow', 'is not', null)
  const row = async (scope: Scope, id: string): Promise<WebhookTable> => {
    // A project has few webhooks.
    const found = (await rows(scope).execute()).find((one) => shown(one).id === id)
    if (!found) throw webhookErrors.NOT_FOUND(id.slice(0, 100))
    return found
  }

  return {
    create: async (scope, input) => {
      await egress.check('webhooks', input.url)
      const now = clock()
      const key = randomBytes(16).toString('hex')
      const words = input.name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')
      const name = `${words.slice(0, 50) || 'mlflow'}-${key.slice(0, 8)}`
      const { description, events } = input
      const receiver: MlflowReceiver = { id: key, name: input.name, description, events, updatedAt: now }
      const made: WebhookTable = {
        project_id: scope.project,
        name,
        url: input.url,
        events: patternsOf(events),
        secret: await vault.seal(input.secret, secretPlace(scope.project, name)),
        active: Number(input.active),
        created_at: now,
        created_by: scope.principal.id,
        mlflow: JSON.stringify(receiver),
      }
      await insert(scope, made)
      return shown(made)
    },

    list: async (scope, { limit, after }) => {
      const all = (await rows(scope).execute()).map(shown).toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const left = all.filter(({ id }) => id > after)
      return { hooks: left.slice(0, limit), more: left.length > limit }
    },

    find: async (scope, id) => shown(await row(scope, id)),

    update: async (scope, id, change) => {
      const before = await row(scope, id)
      if (change.url !== undefined) await egress.check('webhooks', change.url)
      const old = shown(before)
      const receiver: MlflowReceiver = {
        id,
        name: change.name ?? old.name,
        description: change.description ?? old.description,
        events: change.events ?? old.events,
        updatedAt: clock(),
      }
      const next: WebhookTable = {
        ...before,
        url: change.url ?? before.url,
        events: patternsOf(receiver.events),
        active: change.active === undefined ? before.active : Number(change.active),
        secret:
          change.secret === undefined
            ? before.secret
            : await vault.seal(change.secret, secretPlace(scope.project, before.name)),
        mlflow: JSON.stringify(receiver),
      }
      await db.write.transaction().execute(async (trx) => {
        await trx
          .updateTable('webhook')
          .set({ url: next.url, events: next.events, active: next.active, secret: next.secret, mlflow: next.mlflow })
          .where('project_id', '=', scope.project)
          .where('name', '=', before.name)
          .execute()
        await say(trx, scope, 'changed', before, { changed: Object.keys(change) })
      })
      return shown(next)
    },
  }
}
