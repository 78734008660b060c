import type { ProductionTime, WorkTime } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../../../kernel/db/index.ts'
import { type DayAmount, ratioOverDays } from './ratio-over-days.ts'

export interface ProductionTimeInput {
  readonly project: string
  readonly from: number
  readonly to: number
  /** URN of each version that was ever put into production → when it first was. */
  readonly deployed: Readonly<Record<string, number>>
  /** Names of events that are about production whatever version they are about. */
  readonly names: readonly string[]
  /** People by id, with the team of each. */
  readonly teams: Readonly<Record<string, string | null>>
}

const hourMs = 3_600_000
const hoursADay = 24
const mostGroups = 200_000
const making = new Set(['model-version.registered', 'run.created'])

interface Acts {
  readonly by: string
  readonly hour: number
  readonly name: string
  readonly subject: string
  readonly n: number
}

/** The estimate as finished JSON. Runs on a reader thread. */
export async function productionTimeBytes(db: Reader, input: ProductionTimeInput): Promise<string> {
  const { project, from, to, deployed, teams } = input
  const productionNames = new Set(input.names)
  const model = `trivium://${project}/model/`
  const { rows } = await sql<Acts>`select e."by" as "by", e.at / ${sql.lit(hourMs)} as "hour", e.name as "name",
      case when substr(e.subject, 1, ${model.length}) = ${model} then e.subject else '' end as "subject", count(*) as "n"
    from event e join principal p on p.id = e."by" and p.kind = 'person'
    where e.project_id = ${project} and e.at >= ${from} and e.at < ${to}
    group by 1, 2, 3, 4 limit ${mostGroups + 1}`.execute(db as never)
  const acts = rows.slice(0, mostGroups).map((row) => ({ ...row, hour: Number(row.hour), n: Number(row.n) }))
  const isProduction = ({ name, subject, hour }: Acts): boolean =>
    productionNames.has(name) || (deployed[subject] !== undefined && deployed[subject] < (hour + 1) * hourMs)
  const makers = new Set(acts.filter(({ name }) => making.has(name)).map(({ by }) => by))
  const timeOf = (who: (id: string) => boolean): WorkTime =>
    workTime(
      acts.filter(({ by }) => who(by)),
      isProduction,
    )
  const teamOf = (id: string): string | null => teams[id] ?? null
  // Those without a team come last.
  const names = [...new Set(acts.map(({ by }) => teamOf(by)))].toSorted((a, b) =>
    a === null || b === null ? Number(a === null) - Number(b === null) : a < b ? -1 : 1,
  )
  const found: ProductionTime = {
    from,
    to,
    more: rows.length > mostGroups,
    makers: timeOf((id) => makers.has(id)),
    teams: names.map((team) => ({ team, ...timeOf((id) => teamOf(id) === team) })),
    production: [
      'records about deployments, releases, predictions, monitors, windows and alerts',
      'records about a model version from its first deployment on',
    ],
    limits: [
      'Only what is recorded counts: reading, meetings and work elsewhere leave no record.',
      'An hour of the clock with one record counts as much as one with many, and is shared between production and the rest by its records.',
      'A program that uses the token of a person counts as that person.',
      'Teams are as they are today, whoever was in them then.',
    ],
  }
  return JSON.stringify(found)
}

function workTime(acts: readonly Acts[], isProduction: (one: Acts) => boolean): WorkTime {
  const hours = new Map<string, { hour: number; all: number; production: number }>()
  for (const one of acts) {
    const key = `${one.by} ${one.hour}`
    const hour = hours.get(key) ?? { hour: one.hour, all: 0, production: 0 }
    hours.set(key, hour)
    hour.all += one.n
    if (isProduction(one)) hour.production += one.n
  }
  const days = new Map<number, { part: number; whole: number }>()
  for (const { hour, all, production } of hours.values()) {
    const at = Math.floor(hour / hoursADay)
    const day = days.get(at) ?? { part: 0, whole: 0 }
    days.set(at, day)
    day.whole += 1
    day.part += production / all
  }
  const amounts: DayAmount[] = [...days.values()]
  return {
    people: new Set(acts.map(({ by }) => by)).size,
    days: amounts.length,
    activeHours: hours.size,
    productionHours: amounts.reduce((sum, { part }) => sum + part, 0),
    ...ratioOverDays(amounts),
  }
}
