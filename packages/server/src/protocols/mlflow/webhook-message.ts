import type { SealedEvent } from '@trivium/contract'
import type { MlflowMessage } from '../../capabilities/webhooks/index.ts'
import type { Trx } from '../../kernel/db/index.ts'
import { promptTag } from './registered-models.ts'

/** What MLflow tells of an event of ours, with the fields that its receivers read. Models that are prompts have events of their own. */
export const mlflowMessage: MlflowMessage = async (trx, event) => {
  const said = event.data as Record<string, unknown>
  const name = String(event.name === 'model.created' ? said['name'] : said['model'])
  const version = Number(said['version'])
  const model = await trx
    .selectFrom('model')
    .select('description')
    .where('project_id', '=', event.project)
    .where('name', '=', name)
    .executeTakeFirst()
  // Deleted before it could be told.
  if (!model) return undefined
  const tags = await trx
    .selectFrom('model_tag')
    .select(['key', 'value'])
    .where('project_id', '=', event.project)
    .where('model', '=', name)
    .execute()
  const isPrompt = tags.some(({ key, value }) => key === promptTag && value === 'true')
  switch (event.name) {
    case 'model.created':
      return {
        entity: isPrompt ? 'PROMPT' : 'REGISTERED_MODEL',
        action: 'CREATED',
        data: { name, tags: isPrompt ? inner(record(tags)) : record(tags), description: model.description },
      }
    case 'model-version.registered': {
      const row = await trx
        .selectFrom('model_version')
        .select(['source', 'run_id', 'description'])
        .where('project_id', '=', event.project)
        .where('model', '=', name)
        .where('version', '=', version)
        .executeTakeFirst()
      if (!row) return undefined
      const own = await trx
        .selectFrom('model_version_tag')
        .select(['key', 'value'])
        .where('project_id', '=', event.project)
        .where('model', '=', name)
        .where('version', '=', version)
        .execute()
      const { 'mlflow.prompt.text': template, ...others } = record(own)
      const common = { name, version: String(version), description: row.description || null }
      return isPrompt
        ? {
            entity: 'PROMPT_VERSION',
            action: 'CREATED',
            data: { ...common, template: template ?? null, tags: inner(others) },
          }
        : {
            entity: 'MODEL_VERSION',
            action: 'CREATED',
            data: { ...common, source: row.source, run_id: row.run_id, tags: record(own) },
          }
    }
    case 'model.alias-set':
    case 'model.alias-removed': {
      const set = event.name === 'model.alias-set'
      return {
        entity: isPrompt ? 'PROMPT_ALIAS' : 'MODEL_VERSION_ALIAS',
        action: set ? 'CREATED' : 'DELETED',
        data: { name, alias: said['alias'], ...(set ? { version: String(version) } : {}) },
      }
    }
    case 'model.tag-set':
    case 'model.tag-removed':
      // MLflow tells of tags of prompts, and of versions of both; not of tags of models.
      return isPrompt ? tagMessage(trx, event, { entity: 'PROMPT_TAG', name }) : undefined
    case 'model-version.tag-set':
    case 'model-version.tag-removed':
      return tagMessage(trx, event, { entity: isPrompt ? 'PROMPT_VERSION_TAG' : 'MODEL_VERSION_TAG', name, version })
    default:
      return undefined
  }
}

/** A tag that was set or removed. A long value is told as it stands by now; one that is gone since is not told. */
async function tagMessage(
  trx: Trx,
  { project, name: event, data }: SealedEvent,
  { entity, name, version }: { entity: string; name: string; version?: number },
): ReturnType<MlflowMessage> {
  const { key, value } = data as { key: string; value?: string | null }
  const of = { name, ...(version === undefined ? {} : { version: String(version) }), key }
  if (event.endsWith('removed')) return { entity, action: 'DELETED', data: of }
  const told = value ?? (await tagNow(trx, project, { name, key, ...(version === undefined ? {} : { version }) }))
  return told === undefined ? undefined : { entity, action: 'SET', data: { ...of, value: told } }
}

async function tagNow(
  trx: Trx,
  project: string,
  { name, version, key }: { name: string; version?: number; key: string },
): Promise<string | undefined> {
  if (version === undefined)
    return (
      await trx
        .selectFrom('model_tag')
        .select('value')
        .where('project_id', '=', project)
        .where('model', '=', name)
        .where('key', '=', key)
        .executeTakeFirst()
    )?.value
  const found = await trx
    .selectFrom('model_version_tag')
    .select('value')
    .where('project_id', '=', project)
    .where('model', '=', name)
    .where('version', '=', version)
    .where('key', '=', key)
    .executeTakeFirst()
  return found?.value
}

/** Tags that only say that a model is a prompt. */
const inner = (tags: Record<string, string>): Record<string, string> => {
  const { [promptTag]: _prompt, _mlflow_prompt_type: _type, ...others } = tags
  return others
}

const record = (rows: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(rows.map(({ key, value }) => [key, value]))
