import type { Evidence, ModelCandidate } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import { requireModel, versionUrn } from './read-models.ts'
import './tables.ts'

type Reason = ModelCandidate['reasons'][number]

/** A version with what is on record for and against it. */
export interface VersionReasons {
  readonly version: number
  readonly urn: string
  readonly registeredAt: number
  readonly registeredBy: string
  readonly gate: 'passed' | 'failed' | null
  readonly approval: 'waiting' | 'approved' | 'declined' | null
  readonly wasChampion: boolean
  readonly reasons: readonly Reason[]
}

/** How far ahead the version may be that took an alias over. */
const ahead = 50

/** Versions of a model, newest first, with what gates, reviews and checks said, and which aliases were taken from them. */
export async function readReasons(
  db: Reader,
  project: string,
  model: string,
  { below, limit }: { below?: number | undefined; limit: number },
): Promise<VersionReasons[]> {
  await requireModel(db, project, model)
  let query = db
    .selectFrom('model_version')
    .select(['version', 'created_at', 'created_by', 'gate', 'gate_reason', 'approval'])
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('deleted_at', 'is', null)
    .orderBy('version', 'desc')
    .limit(limit)
  if (below !== undefined) query = query.where('version', '<', below)
  const rows = await query.execute()
  const [newest, oldest] = [rows[0]?.version ?? 0, rows.at(-1)?.version ?? 0]
  const evidence = await db
    .selectFrom('model_evidence')
    .select(['version', 'record'])
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '>=', oldest)
    .where('version', '<=', newest)
    .orderBy('position')
    .execute()
  const moves = await aliasMoves(db, project, model, oldest, newest + ahead)
  const people = await db
    .selectFrom('principal')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(rows.map((row) => row.created_by))])
    .execute()
  return rows.map((row) => {
    const records = evidence
      .filter((one) => one.version === row.version)
      .map(({ record }) => JSON.parse(record) as Evidence)
    return {
      version: row.version,
      urn: versionUrn(project, model, row.version),
      registeredAt: row.created_at,
      registeredBy: people.find((one) => one.id === row.created_by)?.name ?? row.created_by,
      gate: row.gate,
      approval: row.approval,
      wasChampion: moves.some((move) => move.version === row.version && move.alias === 'champion'),
      reasons: [
        ...judged(records, row.gate_reason),
        ...moves
          .filter((move) => move.before === row.version)
          .map(
            (move): Reason => ({
              kind: 'alias',
              text: `v${move.version} took ${move.alias} from it${move.reason === '' ? '.' : `: ${move.reason}`}`,
              at: move.at,
            }),
          ),
      ],
    }
  })
}

/** What was said against it, oldest first; of several gates the last. */
function judged(records: readonly Evidence[], gateReason: string | null): Reason[] {
  const gate = records.findLast((one) => one.kind === 'gate')
  return records.flatMap((one): Reason[] => {
    if (one.kind === 'gate')
      return one === gate && one.verdict === 'failed'
        ? [{ kind: 'gate', text: gateReason ?? one.summary, at: one.at }]
        : []
    if (one.verdict !== 'failed') return []
    return [{ kind: one.kind === 'approval' ? 'review' : 'evidence', text: one.summary, at: one.at }]
  })
}

interface AliasMove {
  readonly alias: string
  readonly version: number
  readonly before: number | null
  readonly reason: string
  readonly at: number
}

/** Aliases that were pointed to versions of a range, oldest first. */
async function aliasMoves(db: Reader, project: string, model: string, from: number, to: number): Promise<AliasMove[]> {
  const subjects = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => versionUrn(project, model, from + i))
  const found: AliasMove[] = []
  for (let start = 0; start < subjects.length; start += 250) {
    const rows = await db
      .selectFrom('event')
      .select(['subject', 'data', 'at'])
      .where('project_id', '=', project)
      .where('subject', 'in', subjects.slice(start, start + 250))
      .where('name', '=', 'model.alias-set')
      .orderBy('at')
      .execute()
    for (const { subject, data, at } of rows) {
      const { alias, before, reason } = JSON.parse(data) as { alias: string; before: number | null; reason?: string }
      found.push({ alias, version: Number(parseUrn(subject)?.version), before, reason: reason ?? '', at })
    }
  }
  return found
}
