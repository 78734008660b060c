import type { ConfirmedNote, DraftEvidence, DraftSentence } from '@trivium/contract'
import type { FactorChange } from './choose-parent.ts'
import { numberText, shortValue } from './shared-traits.ts'

/** A note as the draft's caller has it. */
export type NoteOrNull = ConfirmedNote | null

const mostListed = 8
const longest = 80
const heads: Record<DraftSentence['part'], string> = {
  changed: 'What changed',
  happened: 'What happened',
  reason: 'Likely reason',
}

/** The sentences as Markdown, a paragraph a part. */
export function draftText(sentences: readonly DraftSentence[]): string {
  return (['changed', 'happened', 'reason'] as const)
    .flatMap((part) => {
      const own = sentences.filter((sentence) => sentence.part === part)
      return own.length === 0 ? [] : [`**${heads[part]}.** ${own.map((sentence) => sentence.text).join(' ')}`]
    })
    .join('\n\n')
}

/** `3 min 20 s`. */
export function tookText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${numberText(seconds)} s`
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`
}

/** What somebody wrote, in one line that is not too long, and as code: nothing of it is read as Markdown. */
export function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const short = line.length > longest ? `${line.slice(0, longest - 1)}…` : line
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``
}

/** What changed, a sentence for each kind of thing. */
export function changedSentences(
  changes: readonly FactorChange[],
  run: { readonly id: string; readonly name: string },
  parent: { readonly id: string; readonly name: string },
): DraftSentence[] {
  const evidence = (at: DraftEvidence['at'], what: string): DraftEvidence[] => [
    { label: `${what} of ${run.name}`, run: run.id, at },
    { label: `${what} of ${parent.name}`, run: parent.id, at },
  ]
  const of = (kind: FactorChange['kind']) => changes.filter((change) => change.kind === kind)
  const say = (kind: FactorChange['kind'], at: DraftEvidence['at'], what: string): DraftSentence[] => {
    const own = of(kind)
    if (own.length === 0) return []
    const listed = own.slice(0, mostListed).map(changeText)
    const more = own.length > mostListed ? [`${own.length - mostListed} more differ`] : []
    return [{ part: 'changed', text: `${sentence(joined([...listed, ...more]))}`, evidence: evidence(at, what) }]
  }
  const said = [
    ...say('param', 'params', 'parameters'),
    ...say('data', 'data', 'datasets'),
    ...say('code', 'code', 'commit'),
    ...say('environment', 'environment', 'environment'),
  ]
  if (said.length > 0) return said
  return [
    {
      part: 'changed',
      text: `Against ${quoted(parent.name)} nothing that was recorded differs but the seed: parameters, data, commit and environment are the same.`,
      evidence: evidence('params', 'parameters'),
    },
  ]
}

/** One change in words. */
export function changeText({ kind, key, before, after }: FactorChange): string {
  const value = (text: string) => quoted(shortValue(kind, text))
  const name = kind === 'param' || kind === 'data' ? quoted(key) : kind === 'code' ? 'the commit' : 'the environment'
  if (before === null) return `${name} is new (${value(after ?? '')})`
  if (after === null) return `${name} is no longer there (it was ${value(before)})`
  return `${name} went from ${value(before)} to ${value(after)}`
}

/** `a, b and c`. */
export function joined(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
