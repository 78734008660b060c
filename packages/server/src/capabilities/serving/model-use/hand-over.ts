import {
  type ExampleCall,
  gitTags,
  type ModelCaller,
  type ModelHandOver,
  type ModelNotes,
  type ReleaseManifest,
  withoutPassword,
} from '@trivium/contract'
import { inputFields, planRelease } from '../../../kernel/models/index.ts'
import { permits, type Scope } from '../../../kernel/principal/index.ts'
import { namesOf, requireDeploymentRow, requireReleaseRow } from '../read-deployments.ts'
import { callSnippets } from './call-snippets.ts'
import { chooseInputs, exampleFiles, rowOfExample } from './example-inputs.ts'
import { type ModelMove, movesToModels } from './model-moves.ts'
import type { ModelUseDeps } from './model-use.ts'

const longestExample = 1_000_000
const mostCallers = 200

/** What hands a version over, beside its card. */
export async function readHandOver(
  deps: ModelUseDeps,
  scope: Scope,
  name: string,
  asked: number | undefined,
): Promise<ModelHandOver> {
  const { db, registry } = deps
  const { project } = scope
  const model = await registry.model(scope, name)
  const champion = model.aliases.find(({ alias }) => alias === 'champion')?.version
  const moves = await movesToModels(db.read, db.dialect, project, [name])
  const live = moves.filter((move) => move.until === null).map((move) => move.version)
  const deployed = live.length === 0 ? undefined : Math.max(...live)
  const number = asked ?? champion ?? deployed ?? model.latest?.version ?? 1
  const version = await registry.version(scope, name, number)
  const deployments = deploymentsOf(moves, number)
  const row = await registry.versionRow(scope, name, number)
  const notes = JSON.parse(row.notes) as ModelNotes
  const approver = version.evidence.findLast((one) => one.kind === 'approval' && one.verdict === 'passed')
  const deployer = moves.findLast((move) => move.version === number)
  const nameOf = await namesOf(db.read, [...(approver ? [approver.by] : []), ...(deployer ? [deployer.by] : [])])
  const owner = version.tags['owner'] ?? model.tags['owner']
  const serving = deployments.find((one) => one.state === 'serving')
  return {
    model: name,
    version: number,
    because:
      asked !== undefined
        ? 'asked'
        : champion !== undefined
          ? 'champion'
          : deployed !== undefined
            ? 'deployed'
            : 'newest',
    urn: version.urn,
    deployments,
    callers: await callersOf(deps, scope, moves),
    contacts: contactsOf([
      [owner, 'owns it'],
      [version.createdByName, `registered v${number}`],
      [approver && nameOf(approver.by), `approved v${number}`],
      [deployer && nameOf(deployer.by), `deployed v${number}`],
    ]),
    code: row.run_id === null ? null : await codeOf(deps, scope, row.run_id),
    example: serving ? await exampleOf(deps, scope, serving.name, version) : null,
    unwritten: unwrittenOf(name, number, {
      owner,
      description: version.description || model.description,
      notes,
    }),
  }
}

/** The commit that a run says it came from. */
async function codeOf({ db }: ModelUseDeps, scope: Scope, run: string): Promise<ModelHandOver['code']> {
  if (!permits(scope, 'run:read')) return null
  const rows = await db.read
    .selectFrom('run_tag')
    .select(['key', 'value'])
    .where('project_id', '=', scope.project)
    .where('run_id', '=', run)
    .where('key', 'in', Object.values(gitTags))
    .execute()
  const tags = new Map(rows.map(({ key, value }) => [key, value]))
  const [commit, repository] = [tags.get(gitTags.commit), tags.get(gitTags.repository)]
  return commit ? { commit, repository: repository ? withoutPassword(repository) : null } : null
}

/** Each deployment that ever served the model: whether it serves this version, another one, or another model by now. */
function deploymentsOf(moves: readonly ModelMove[], version: number): ModelHandOver['deployments'] {
  return [...Map.groupBy(moves, (move) => move.deployment)].flatMap(([name, own]) => {
    const last = own.at(-1)
    if (!last) return []
    const state: ModelHandOver['deployments'][number]['state'] = last.retired
      ? 'retired'
      : last.until !== null
        ? 'replaced'
        : last.version === version
          ? 'serving'
          : 'other-version'
    return [{ name, state, version: last.version, since: last.until ?? last.at }]
  })
}

/** Who was answered, each once a deployment, the latest first. */
async function callersOf(
  { db, callers }: ModelUseDeps,
  { project }: Scope,
  moves: readonly ModelMove[],
): Promise<ModelCaller[]> {
  const versions = new Map(moves.map((move) => [move.release, move.version]))
  const rows = (await callers.read(project, [...new Set(moves.map((move) => move.deployment))])).filter((row) =>
    versions.has(row.release_id),
  )
  const ids = [...new Set(rows.map((row) => row.principal))]
  const known =
    ids.length === 0
      ? []
      : await db.read.selectFrom('principal').select(['id', 'name', 'kind']).where('id', 'in', ids).execute()
  return [...Map.groupBy(rows, (row) => `${row.deployment}\n${row.principal}`).values()]
    .flatMap((each): ModelCaller[] => {
      const [first] = each
      if (!first) return []
      const who = known.find((one) => one.id === first.principal)
      const sum = (of: (row: (typeof each)[number]) => number): number => each.reduce((all, row) => all + of(row), 0)
      return [
        {
          principal: first.principal,
          name: who?.name ?? first.principal,
          kind: who?.kind === 'person' || who?.kind === 'service' ? who.kind : 'other',
          deployment: first.deployment,
          versions: [...new Set(each.map((row) => versions.get(row.release_id) ?? 0))].toSorted((a, b) => b - a),
          requests: sum((row) => row.requests),
          predictions: sum((row) => row.predictions),
          firstAt: Math.min(...each.map((row) => row.first_at)),
          lastAt: Math.max(...each.map((row) => row.last_at)),
        },
      ]
    })
    .toSorted((a, b) => b.lastAt - a.lastAt)
    .slice(0, mostCallers)
}

/** A call of a deployment with values as real as there are. */
async function exampleOf(
  { db, blobs, outcomes }: ModelUseDeps,
  scope: Scope,
  deployment: string,
  version: { readonly files: readonly { path: string; digest: string | null; size: number | null }[] },
): Promise<ExampleCall> {
  const row = await requireDeploymentRow(db.read, scope.project, deployment)
  const release = await requireReleaseRow(db.read, scope.project, row.current_release)
  const fields = inputFields(planRelease(JSON.parse(release.manifest) as ReleaseManifest))
  const file = exampleFiles
    .map((name) => version.files.find(({ path }) => path === name))
    .find((one) => one?.digest && (one.size ?? 0) <= longestExample)
  const logged = file?.digest
    ? rowOfExample((await blobs.read(scope.project, file.digest)).toString('utf8'))
    : undefined
  const chosen = chooseInputs(fields, {
    logged,
    recorded: logged === undefined ? await newestInputs(outcomes, scope, deployment) : undefined,
  })
  return { deployment, ...chosen, ...callSnippets(deployment, chosen.inputs) }
}

/** What the newest prediction was made of, for whoever may read rows; personal values are redacted and so fit no example. */
async function newestInputs(
  outcomes: ModelUseDeps['outcomes'],
  scope: Scope,
  deployment: string,
): Promise<Record<string, unknown> | undefined> {
  if (!permits(scope, 'prediction:read') || !permits(scope, 'data:read-rows')) return undefined
  const { predictions } = await outcomes.list(scope, deployment, { limit: 1 })
  const [newest] = predictions
  if (!newest || newest.withheld) return undefined
  const { inputs } = await outcomes.get(scope, deployment, newest.id)
  return Object.values(inputs).includes('redacted') ? undefined : inputs
}

function contactsOf(candidates: readonly (readonly [string | undefined, string])[]): ModelHandOver['contacts'] {
  const whys = new Map<string, string[]>()
  for (const [name, why] of candidates) if (name) whys.set(name, [...(whys.get(name) ?? []), why])
  return [...whys].map(([name, why]) => ({ name, why: why.join(', ') }))
}

function unwrittenOf(
  model: string,
  version: number,
  { owner, description, notes }: { owner: string | undefined; description: string; notes: ModelNotes },
): ModelHandOver['unwritten'] {
  const quoted = `'${model.replaceAll("'", String.raw`'\''`)}/${version}'`
  const note = (part: string, option: string) => ({ part, how: `trivium models card ${quoted} ${option}` })
  return [
    ...(owner ? [] : [{ part: 'who owns it', how: 'the tag "owner" of the model' }]),
    ...(description.trim() === '' ? [{ part: 'what it is', how: 'the description of the model' }] : []),
    ...(notes.usage ? [] : [note('what it is for, and for what not', '--usage "…"')]),
    ...(notes.knownIssues ? [] : [note('known issues', '--known-issues "…"')]),
    ...(notes.tradeOffs ? [] : [note('trade-offs', '--trade-offs "…"')]),
  ]
}
