import type { FeatureViewDefinition } from '@trivium/contract'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { declarePersonal, maskOfNames, personalColumnsOf } from '../access/index.ts'

const declarer = (view: string): string => `feature-view:${view}`

/** Throws where a definition would make something visible that was personal, or belongs to people, to whom may not see it himself. */
export async function requireMayDeclare(
  db: Reader,
  scope: Scope,
  view: string,
  definition: FeatureViewDefinition,
): Promise<void> {
  const by = declarer(view)
  const before = (await personalColumnsOf(db, scope.project, [by])).get(by) ?? []
  const own = new Set([...definition.keys, ...Object.keys(definition.columns)])
  if (before.some((one) => own.has(one) && !definition.personal?.includes(one)))
    requirePermission(scope, 'data:read-personal')
  const subject = before.length === 0 ? undefined : await subjectColumnOf(db, scope.project, by)
  if (subject !== undefined && subject !== definition.subjectColumn) requirePermission(scope, 'data:read-personal')
}

async function subjectColumnOf(db: Reader, project: string, by: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('personal_column')
    .select('subject_column')
    .where('project_id', '=', project)
    .where('declared_by', '=', by)
    .where('subject_column', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  return row?.subject_column ?? undefined
}

/** Declares what of a view is personal; where it says whose, also the features that are made of it, so that they are sealed in datasets and predictions. */
export async function declareView(
  trx: Trx,
  project: string,
  view: string,
  { personal = [], subjectColumn, features }: FeatureViewDefinition,
): Promise<void> {
  const made = subjectColumn === undefined || personal.length === 0 ? [] : madeOf(personal, features)
  await declarePersonal(trx, project, declarer(view), [...personal, ...made], subjectColumn ?? null)
}

function madeOf(personal: readonly string[], features: FeatureViewDefinition['features']): string[] {
  const mask = maskOfNames(personal)
  return Object.entries(features).flatMap(([feature, text]) => (mask.hidesIn(text) ? [feature] : []))
}
