import type { MlflowMessage } from '../../capabilities/webhooks/index.ts'
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
        data: { name, tags: record(tags), description: model.description },
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
      const common = { name, version: String(version), description: row.description }
      return isPrompt
        ? { entity: 'PROMPT_VERSION', action: 'CREATED', data: { ...common, template: template ?? '', tags: others } }
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
    default:
      return undefined
  }
}

const record = (rows: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(rows.map(({ key, value }) => [key, value]))
