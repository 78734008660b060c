import type { ImportedModel, ImportedVersion } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import type { MlflowClient } from './mlflow-client.ts'
import { idTag, isRefused, pagesOf, pairs, type Place } from './mlflow-exported.ts'
import type { Skip } from './source.ts'

const api = '/api/2.0/mlflow'

interface Target {
  readonly client: MlflowClient
  readonly skip: Skip
  readonly runs: ReadonlyMap<string, Place>
  readonly models: ReadonlyMap<string, Place>
}

/**
 * Writes a registered model to a running MLflow server. Versions keep their numbers: where one is missing a version is made and deleted, as it was once here. A model
 * that the server has already is only gone on with when an export made all of its versions.
 */
export async function exportModel(target: Target, model: ImportedModel): Promise<void> {
  const { client, skip } = target
  const post = <T>(path: string, body: object) => client.send<T>('POST', `${api}/${path}`, body)
  const { name } = model
  let there = new Set<number>()
  try {
    await post('registered-models/create', { name, description: model.description, tags: pairs(model.tags) })
  } catch (error) {
    if (!isRefused(error)) throw error
    const found = await versionsOfExport(client, name)
    if (!found) return skip(`model "${name}"`, `${client.url} has one of this name already`)
    there = found
  }
  let last = Math.max(0, ...there)
  const byNumber = new Map(model.versions.map((version) => [version.version, version]))
  const numbers = [...new Set([...byNumber.keys(), model.lastVersion])].toSorted((a, b) => a - b)
  for (const number of numbers) {
    const version = byNumber.get(number)
    if (number <= last) continue
    // Numbers that were given once are not given again there either.
    while (last < number - (version ? 1 : 0)) {
      last = await makeVersion(client, { name, source: 's3://deleted/version' }, last)
      await client.send('DELETE', `${api}/model-versions/delete`, { name, version: String(last) })
    }
    if (!version) continue
    try {
      last = await makeVersion(client, { name, ...bodyOf(target, version) }, last)
    } catch (error) {
      if (!isRefused(error)) throw error
      skip(`version ${number} of model "${name}" from "${version.source.slice(0, 200)}"`, error.message)
      continue
    }
    if (last !== number)
      skip(`the number ${number} of a version of model "${name}"`, `${client.url} gave it the number ${last}`)
    there.add(number)
    if (version.stage !== 'None')
      await post('model-versions/transition-stage', {
        name,
        version: String(last),
        stage: version.stage,
        archive_existing_versions: false,
      })
  }
  for (const [alias, version] of Object.entries(model.aliases))
    if (there.has(version)) await post('registered-models/alias', { name, alias, version: String(version) })
}

/** The number of a new version, which is greater than the last one: a server that says otherwise would be asked for ever. */
async function makeVersion(client: MlflowClient, body: object, last: number): Promise<number> {
  const { model_version: made } = await client.send<{ model_version: { version: string } }>(
    'POST',
    `${api}/model-versions/create`,
    body,
  )
  const number = Number(made.version)
  if (!Number.isSafeInteger(number) || number <= last)
    throw new FailedError(
      `${client.url} gave a version the number "${String(made.version).slice(0, 50)}" after ${last}.`,
    )
  return number
}

/** Ids in the source become those that the server gave. */
function bodyOf({ runs, models }: Target, version: ImportedVersion): object {
  const { files } = version
  const from = files?.owner === 'run' ? runs.get(files.id) : files ? models.get(files.id) : undefined
  const named = /^(runs:\/+)[\w-]+/.exec(version.source)?.[1]
  const source = !from
    ? version.source
    : files?.owner === 'logged-model'
      ? `models:/${from.id}`
      : [named ? `${named}${from.id}` : from.uri, files?.path].filter(Boolean).join('/')
  const run = version.run === null ? undefined : runs.get(version.run)?.id
  return {
    source,
    description: version.description,
    tags: pairs({ ...version.tags, [idTag]: String(version.version) }),
    ...(run === undefined ? {} : { run_id: run }),
    ...(version.runLink === '' ? {} : { run_link: version.runLink }),
    ...(from && files?.owner === 'logged-model' ? { model_id: from.id } : {}),
  }
}

/** The numbers of the versions of a model that the server has, when exports made all of them; else undefined. */
async function versionsOfExport(client: MlflowClient, name: string): Promise<Set<number> | undefined> {
  const quote = name.includes("'") ? '"' : "'"
  const found = new Set<number>()
  for (const prompt of ['', " AND tags.`mlflow.prompt.is_prompt` = 'true'"]) {
    const search = { filter: `name = ${quote}${name}${quote}${prompt}`, max_results: 1000 }
    for await (const one of pagesOf(client, 'GET', 'model-versions/search', search, 'model_versions')) {
      if (!(one['tags'] ?? []).some(({ key }: { key: string }) => key === idTag)) return undefined
      found.add(Number(one['version']))
    }
  }
  return found
}
