import type { CustodyParty, CustodyStep, ReleaseHandOvers, VersionCustody } from '@trivium/contract'
import type { Scope } from '../../../../kernel/principal/index.ts'
import { wilsonInterval } from '../../../../kernel/stats/index.ts'
import { readTeams, type TeamMember } from '../../../access/index.ts'
import type { VersionActs } from '../../../registry/index.ts'
import { spreadOf } from '../cycle-stages.ts'
import { type ModelMove, movesToModels } from '../model-moves.ts'
import type { ModelUseDeps } from '../model-use.ts'
import { countHands, followVersion, type Held, type InUse, type Returned } from './follow-version.ts'

const mostVersions = 1000
const mostShown = 200
const mostReasons = 20
const waitingSteps = ['preparing', 'deciding', 'releasing'] as const

interface Followed {
  readonly acts: VersionActs
  readonly held: readonly Held[]
  readonly returned: readonly Returned[]
}

/** Hand-overs of the newest versions of a project or a model. `now` ends what is open. */
export async function readHandOvers(
  { db, clock, registry }: ModelUseDeps,
  scope: Scope,
  model: string | undefined,
): Promise<ReleaseHandOvers> {
  const { project } = scope
  const found = await registry.acts(scope, { model, limit: mostVersions + 1 })
  const versions = found.slice(0, mostVersions)
  const moves = Map.groupBy(
    await movesToModels(db.read, db.dialect, project, [...new Set(versions.map((one) => one.model))]),
    (move) => move.model,
  )
  const ids = versions.flatMap((one) => [
    one.registeredBy,
    ...one.authors,
    ...one.acts.flatMap((act) => [...('by' in act ? [act.by] : []), ...('to' in act && act.to ? [act.to] : [])]),
  ])
  const members = await readTeams(db.read, project, [...ids, ...[...moves.values()].flat().map(({ by }) => by)])
  const followed = versions.map((acts): Followed => {
    const own = moves.get(acts.model) ?? []
    return { acts, ...followVersion(acts, authorOf(acts, members), useOf(acts.version, own), overtakenAt(acts, own)) }
  })
  return summarise(followed, members, { model: model ?? null, more: found.length > mostVersions, now: clock() })
}

/** A person whose work it is, where a service account only registered it. */
function authorOf({ registeredBy, authors }: VersionActs, members: ReadonlyMap<string, TeamMember>): string {
  if (members.get(registeredBy)?.kind !== 'service') return registeredBy
  return authors.find((id) => members.get(id)?.kind === 'person') ?? registeredBy
}

function useOf(version: number, moves: readonly ModelMove[]): InUse | undefined {
  const own = moves.filter((move) => move.version === version)
  const [first] = own
  if (!first) return undefined
  const ends = [...Map.groupBy(own, ({ deployment }) => deployment).values()].map((each) => each.at(-1)?.until ?? null)
  const over = ends.filter((end) => end !== null)
  return { at: first.at, by: first.by, until: over.length < ends.length ? null : Math.max(...over) }
}

/** When a later version of the model was first put into production, after this one was registered. */
function overtakenAt({ version, registeredAt }: VersionActs, moves: readonly ModelMove[]): number | undefined {
  return moves.find((move) => move.version > version && move.at >= registeredAt)?.at
}

function summarise(
  followed: readonly Followed[],
  members: ReadonlyMap<string, TeamMember>,
  { model, more, now }: { model: string | null; more: boolean; now: number },
): ReleaseHandOvers {
  const party = (who: string | null): CustodyParty => {
    const member = who === null ? undefined : members.get(who)
    return { principal: who, name: who === null ? null : (member?.name ?? who), team: member?.team ?? null }
  }
  const teamOf = (who: string): string | null => members.get(who)?.team ?? null
  const all = followed.flatMap(({ held }) => held)
  const took = (step: CustodyStep): number[] =>
    all.flatMap((one) =>
      one.step === step && one.to !== null && (one.ended === 'next' || one.ended === 'returned')
        ? [one.to - one.from]
        : [],
    )
  const over = new Map(waitingSteps.map((step) => [step as CustodyStep, took(step)]))
  const versions = followed.map(({ acts, held, returned }): VersionCustody => {
    const last = held.at(-1)
    const stands =
      last?.ended === 'open' &&
      (last.step === 'deciding' || last.step === 'releasing' || (last.step === 'preparing' && returned.length > 0))
    const same = over.get(last?.step ?? 'serving') ?? []
    return {
      model: acts.model,
      version: acts.version,
      segments: held.map(({ step, who, from, to, ended }) => ({ step, party: party(who), from, to, ended })),
      returns: returned.map(({ by, ...rest }) => ({ ...rest, by: party(by).name })),
      ...countHands(held, teamOf),
      stalled: !stands
        ? null
        : {
            step: last.step,
            since: last.from,
            party: party(last.who),
            longerThan: same.length === 0 ? null : same.filter((ms) => ms < now - last.from).length / same.length,
            of: same.length,
          },
    }
  })
  const steps = stepsOf(all, took, now)
  const slowest = steps.filter(({ share }) => share !== null).toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0))[0]
  const asked = followed.filter(({ acts }) => acts.acts.some(({ kind }) => kind === 'asked'))
  const back = asked.filter(({ returned }) => returned.some(({ kind }) => kind !== 'gate'))
  const released = followed.filter(({ held }) => held.some(({ step }) => step === 'serving'))
  const stalled = versions.filter((one) => one.stalled !== null)
  return {
    model,
    versionsRead: followed.length,
    more,
    steps,
    slowest: slowest?.step ?? null,
    perRelease: spreadOf(released.map(({ held }) => countHands(held, teamOf).handOvers)),
    between: betweenTeams(followed, teamOf),
    returned: {
      versions: back.length,
      of: asked.length,
      times: asked.reduce((n, { returned }) => n + returned.filter(({ kind }) => kind !== 'gate').length, 0),
      share: asked.length === 0 ? null : back.length / asked.length,
      ...(asked.length === 0 ? { low: null, high: null } : wilsonInterval(back.length, asked.length)),
    },
    reasons: reasonsOf(followed),
    stalled: stalled.toSorted((a, b) => (a.stalled?.since ?? 0) - (b.stalled?.since ?? 0)).slice(0, mostShown),
    versions: versions.slice(0, mostShown),
  }
}

/** Of making a version ready nobody says how much is waiting: the shares are of deciding and releasing. */
function stepsOf(all: readonly Held[], took: (step: CustodyStep) => number[], now: number): ReleaseHandOvers['steps'] {
  const waited = (step: CustodyStep): number =>
    all.reduce((sum, one) => (one.step === step ? sum + Math.max(0, (one.to ?? now) - one.from) : sum), 0)
  const totals = new Map(waitingSteps.map((step) => [step, waited(step)]))
  const whole = (totals.get('deciding') ?? 0) + (totals.get('releasing') ?? 0)
  return waitingSteps.map((step) => ({
    step,
    ...spreadOf(took(step)),
    total: totals.get(step) ?? 0,
    open: all.filter((one) => one.step === step && one.ended === 'open').length,
    superseded: all.filter((one) => one.step === step && one.ended === 'superseded').length,
    share: step === 'preparing' || whole === 0 ? null : (totals.get(step) ?? 0) / whole,
  }))
}

/** From team to team: the wait is the stretch in which it lay with the other until he had done his part. */
function betweenTeams(
  followed: readonly Followed[],
  teamOf: (who: string) => string | null,
): ReleaseHandOvers['between'] {
  const pairs = new Map<string, { from: string | null; to: string | null; n: number; back: number; waits: number[] }>()
  for (const { held } of followed) {
    const seen = new Set<string | null>()
    let before: Held | undefined
    for (const one of held) {
      if (one.who === null) continue
      const [from, to] = [before?.who, one.who]
      if (from !== undefined && from !== null && teamOf(from) !== teamOf(to)) {
        const key = JSON.stringify([teamOf(from), teamOf(to)])
        const pair = pairs.get(key) ?? { from: teamOf(from), to: teamOf(to), n: 0, back: 0, waits: [] }
        pairs.set(key, pair)
        if (seen.has(teamOf(to))) pair.back += 1
        pair.n += 1
        // What serves waits for nobody, and a wait that is not over has no length.
        if (one.step !== 'serving' && one.to !== null) pair.waits.push(one.to - one.from)
      }
      seen.add(teamOf(one.who))
      before = one
    }
  }
  return [...pairs.values()]
    .map(({ waits, ...pair }) => ({ ...pair, wait: spreadOf(waits) }))
    .toSorted((a, b) => b.n - a.n)
    .slice(0, mostShown)
}

function reasonsOf(followed: readonly Followed[]): ReleaseHandOvers['reasons'] {
  const all = followed.flatMap(({ returned }) => returned)
  return [...Map.groupBy(all, ({ kind, reason }) => JSON.stringify([kind, reason.trim()])).values()]
    .map((same) => ({ kind: same[0]?.kind ?? 'review', reason: same[0]?.reason.trim() ?? '', n: same.length }))
    .toSorted((a, b) => b.n - a.n)
    .slice(0, mostReasons)
}
