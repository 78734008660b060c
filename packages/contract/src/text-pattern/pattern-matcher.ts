import type { PatternNode } from './parse-pattern.ts'

type Step =
  | { readonly kind: 'set'; readonly node: PatternNode & { kind: 'set' }; readonly next: number }
  | { readonly kind: 'split'; readonly to: readonly number[] }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'found' }

/** Where a match may stand after some characters: a set of steps. */
interface State {
  readonly steps: readonly number[]
  readonly found: boolean
  readonly foundAtEnd: boolean
  readonly next: Map<number, State>
}

const mostKept = 5000

/**
 * Whether a pattern is found anywhere in a text, in time that grows with the text alone: all ways to match are followed at once (a Thompson automaton whose states
 * are kept as they appear), none is tried again.
 */
export function patternMatcher(root: PatternNode): (text: string) => boolean {
  const program: Step[] = []
  const first = compile(root, push({ kind: 'found' }))
  let states = new Map<string, State>()
  let kept = 0
  let begin = stateOf([first], true)

  return (text) => {
    if (kept > mostKept) {
      states = new Map()
      kept = 0
      begin = stateOf([first], true)
    }
    let state = begin
    if (state.found) return true
    for (const letter of text) {
      const point = letter.codePointAt(0) as number
      let next = state.next.get(point)
      if (!next) {
        next = after(state, point)
        if (kept <= mostKept) state.next.set(point, next)
        kept += 1
      }
      state = next
      if (state.found) return true
    }
    return state.foundAtEnd
  }

  function push(step: Step): number {
    program.push(step)
    return program.length - 1
  }
  /** Adds the steps of a node before `next`; the number of its first. */
  function compile(node: PatternNode, next: number): number {
    switch (node.kind) {
      case 'set':
        return push({ kind: 'set', node, next })
      case 'start':
      case 'end':
        return push({ kind: node.kind, next })
      case 'choice':
        return push({ kind: 'split', to: node.parts.map((part) => compile(part, next)) })
      case 'sequence':
        return node.parts.reduceRight((after, part) => compile(part, after), next)
      case 'repeat':
        return repeat(node, next)
    }
  }
  function repeat({ part, min, max }: PatternNode & { kind: 'repeat' }, next: number): number {
    let entry = next
    if (max === null) {
      const loop: number[] = []
      entry = push({ kind: 'split', to: loop })
      loop.push(compile(part, entry), next)
    } else
      for (let more = max - min; more > 0; more -= 1) entry = push({ kind: 'split', to: [compile(part, entry), next] })
    for (let times = 0; times < min; times += 1) entry = compile(part, entry)
    return entry
  }
  function after(state: State, point: number): State {
    const next = [first]
    for (const at of state.steps) {
      const step = program[at] as Step
      if (step.kind === 'set' && holds(step.node, point)) next.push(step.next)
    }
    return stateOf(next, false)
  }
  function stateOf(from: readonly number[], atStart: boolean): State {
    const { steps, found } = reach(from, atStart, false)
    const key = `${atStart ? '^' : ''}${steps.join()}${found ? '!' : ''}`
    const known = states.get(key)
    if (known) return known
    const state = { steps, found, foundAtEnd: found || reach(from, atStart, true).found, next: new Map() }
    if (kept <= mostKept) states.set(key, state)
    return state
  }
  /** Follows what needs no character. */
  function reach(from: readonly number[], atStart: boolean, atEnd: boolean): { steps: number[]; found: boolean } {
    const seen = new Set<number>()
    const open = [...from]
    let found = false
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const step = program[at] as Step
      if (step.kind === 'found') found = true
      else if (step.kind === 'split') open.push(...step.to)
      else if ((step.kind === 'start' && atStart) || (step.kind === 'end' && atEnd)) open.push(step.next)
    }
    const waiting = [...seen].filter((at) => {
      const { kind } = program[at] as Step
      return kind === 'set' || kind === 'end'
    })
    return { steps: waiting.toSorted((a, b) => a - b), found }
  }
}

function holds({ negated, ranges }: PatternNode & { kind: 'set' }, point: number): boolean {
  return ranges.some(([from, to]) => point >= from && point <= to) !== negated
}
