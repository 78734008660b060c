import type { IdeaTimes, Velocity } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { firstFinished, type IdeaRun, ideaRuns } from './ideas.ts'
import { medianTimes } from './median-times.ts'
import './tables.ts'

const dayMs = 86_400_000
const weekMs = 7 * dayMs
/** 1970-01-05, the first Monday. */
const firstMonday = 4 * dayMs
/** An idea becomes a trained model within a day. */
const targetMs = dayMs
const mostPeople = 200

export interface VelocityInput {
  readonly project: string
  readonly weeks: number
  readonly now: number
}

/** An idea with its first finished run. */
export interface EvaluatedIdea {
  readonly createdAt: number
  readonly createdBy: string
  readonly createdByName: string
  readonly first: (IdeaRun & { readonly endedAt: number }) | undefined
}

/** The ideas of a project with when each was evaluated. */
export async function evaluatedIdeas(db: Reader, project: string): Promise<EvaluatedIdea[]> {
  const ideas = await db
    .selectFrom('idea')
    .select(['id', 'created_at', 'created_by', 'created_by_name'])
    .where('project_id', '=', project)
    .execute()
  if (ideas.length === 0) return []
  const runs = Map.groupBy(await ideaRuns(db, project), (run) => run.idea)
  return ideas.map((row) => ({
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: row.created_by_name,
    first: firstFinished(runs.get(row.id) ?? []),
  }))
}

/** How fast a project tries ideas, as finished JSON. Runs on a reader thread. */
export async function velocityBytes(db: Reader, { project, weeks, now }: VelocityInput): Promise<string> {
  const thisWeek = now - ((now - firstMonday) % weekMs)
  const from = thisWeek - (weeks - 1) * weekMs
  const weekOf = (at: number): number => Math.floor((at - from) / weekMs)
  const rows = Array.from({ length: weeks }, (_, at) => ({
    start: from + at * weekMs,
    added: 0,
    evaluated: 0,
    runs: 0,
    failed: 0,
  }))
  const ideas = await evaluatedIdeas(db, project)
  for (const { createdAt, first } of ideas) {
    const added = rows[weekOf(createdAt)]
    if (added) added.added += 1
    const evaluated = first && rows[weekOf(first.endedAt)]
    if (evaluated) evaluated.evaluated += 1
  }
  const ended = await db
    .selectFrom('run')
    .select(['end_time', 'status'])
    .where('project_id', '=', project)
    .where('lifecycle', '=', 'active')
    .where('status', 'in', ['FINISHED', 'FAILED', 'KILLED'])
    .where('end_time', '>=', from)
    .execute()
  for (const { end_time, status } of ended) {
    const row = rows[weekOf(end_time ?? 0)]
    if (!row) continue
    row.runs += 1
    if (status !== 'FINISHED') row.failed += 1
  }
  const recent = ideas.filter(({ first }) => first !== undefined && first.endedAt >= from)
  const found: Velocity = {
    from,
    to: now,
    weeks: rows,
    ideaToModel: timesOf(recent),
    targetMs,
    people: await peopleOf(db, ideas, from),
  }
  return JSON.stringify(found)
}

/** From when an idea was written down to the end of its first finished run. An idea that was written down afterwards says nothing of it. */
export function timesOf(ideas: readonly EvaluatedIdea[]): IdeaTimes {
  return medianTimes(
    ideas.flatMap(({ createdAt, first }) => (first && first.endedAt >= createdAt ? first.endedAt - createdAt : [])),
  )
}

async function peopleOf(db: Reader, ideas: readonly EvaluatedIdea[], from: number): Promise<Velocity['people']> {
  const people = new Map<string, { name: string; added: number; own: EvaluatedIdea[] }>()
  const of = (id: string, name: string) => {
    const known = people.get(id) ?? { name, added: 0, own: [] }
    people.set(id, known)
    return known
  }
  for (const idea of ideas) {
    if (idea.createdAt >= from) of(idea.createdBy, idea.createdByName).added += 1
    if (idea.first && idea.first.endedAt >= from) of(idea.first.by, '').own.push(idea)
  }
  const nameless = [...people].flatMap(([id, { name }]) => (name === '' ? id : []))
  const names =
    nameless.length === 0
      ? []
      : await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', nameless).execute()
  return [...people]
    .map(([id, { name, added, own }]) => ({
      id,
      name: name || (names.find((row) => row.id === id)?.name ?? id),
      added,
      evaluated: own.length,
      ideaToModel: timesOf(own),
    }))
    .toSorted((a, b) => b.evaluated - a.evaluated || b.added - a.added || (a.name < b.name ? -1 : 1))
    .slice(0, mostPeople)
}
