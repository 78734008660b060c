import type { CustodySegment, CustodyStep } from '@trivium/contract'
import type { VersionActs } from '../../../registry/index.ts'

/** A stretch of time by the id of who has the version; null: nobody has taken it up. */
export interface Held {
  readonly step: CustodyStep
  who: string | null
  readonly from: number
  to: number | null
  ended: CustodySegment['ended']
}

export interface Returned {
  readonly kind: 'review' | 'gate' | 'withdrawn'
  readonly at: number
  readonly by: string
  readonly reason: string
}

/** When a version was first pointed to, by whom, and when nothing pointed to it any more. */
export interface InUse {
  readonly at: number
  readonly by: string
  readonly until: number | null
}

/**
 * Who had a version, one after the other. Its author has it until somebody is asked to decide; then whom it was given to, or else who decided, and who
 * deployed it in the end: who takes something up had it from when it lay there. `overtaken`: when a later version was put into production.
 */
export function followVersion(
  version: VersionActs,
  author: string,
  use: InUse | undefined,
  overtaken: number | undefined,
): { held: Held[]; returned: Returned[] } {
  const held: Held[] = []
  const returned: Returned[] = []
  let now: Held = { step: 'preparing', who: author, from: version.registeredAt, to: null, ended: 'open' }
  let item: string | undefined
  held.push(now)
  const go = (at: number, step: CustodyStep, who: string | null, ended: Held['ended'] = 'next'): void => {
    now.to = at
    now.ended = ended
    now = { step, who, from: at, to: null, ended: 'open' }
    held.push(now)
  }
  const end = use?.at ?? overtaken ?? Number.POSITIVE_INFINITY
  for (const act of version.acts) {
    if (act.at > end) break
    if (act.kind === 'gate') {
      // While others have it, a gate speaks to them and sends nothing back.
      if (now.step === 'preparing') returned.push({ kind: 'gate', at: act.at, by: act.by, reason: act.reason })
    } else if (act.kind === 'asked') {
      item = act.item
      go(act.at, 'deciding', act.to)
    } else if (act.item !== item || now.step !== 'deciding') continue
    else if (act.kind === 'assigned') {
      if (act.to !== now.who) go(act.at, 'deciding', act.to)
    } else if (act.kind === 'withdrawn') {
      returned.push({ kind: 'withdrawn', at: act.at, by: act.by, reason: act.reason })
      go(act.at, 'preparing', author, 'returned')
    } else {
      now.who = act.by
      if (act.approved) go(act.at, 'releasing', null)
      else {
        returned.push({ kind: 'review', at: act.at, by: act.by, reason: act.reason })
        go(act.at, 'preparing', author, 'returned')
      }
    }
  }
  if (use) {
    if (now.step === 'releasing') now.who = use.by
    go(Math.max(use.at, now.from), 'serving', use.by)
    now.to = use.until
    if (use.until !== null) now.ended = 'next'
  } else if (overtaken !== undefined) {
    now.to = Math.max(overtaken, now.from)
    now.ended = 'superseded'
  }
  return { held, returned }
}

/** How often it changed hands between people, between teams, and back to somebody who had had it. A stretch that nobody took up is no hand. */
export function countHands(
  held: readonly Held[],
  teamOf: (who: string) => string | null,
): { handOvers: number; teamHandOvers: number; backAndForth: number } {
  const people = held.flatMap(({ who }) => (who === null ? [] : [who]))
  const seen = new Set<string>()
  let [handOvers, teamHandOvers, backAndForth] = [0, 0, 0]
  for (const [i, who] of people.entries()) {
    const before = people[i - 1]
    if (before !== undefined && before !== who) {
      handOvers += 1
      if (teamOf(before) !== teamOf(who)) teamHandOvers += 1
      if (seen.has(who)) backAndForth += 1
    }
    seen.add(who)
  }
  return { handOvers, teamHandOvers, backAndForth }
}
