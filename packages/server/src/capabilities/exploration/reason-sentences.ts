import type { DraftSentence } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { changesBetween, type ChosenParent, type FactorChange } from './choose-parent.ts'
import { changeText, joined, quoted } from './draft-words.ts'
import { lastError } from './last-error.ts'
import type { Compared } from './metric-sentences.ts'
import { environmentTag, type RunFacts } from './read-run-facts.ts'
import { numberText } from './shared-traits.ts'

const mostSingles = 3

/** Why a run failed or was stopped: what it said last, and what it has that its parent had not. */
export async function failureSentences(
  db: Reader,
  project: string,
  { run }: RunFacts,
  parent: ChosenParent | undefined,
  changes: readonly FactorChange[],
): Promise<DraftSentence[]> {
  const itself = { label: run.name, run: run.id, at: 'run' as const }
  const error = await lastError(db, project, run)
  const said: DraftSentence[] = []
  if (error)
    said.push({
      part: 'reason',
      text: `The last that ${error.from} says is ${quoted(error.text)}.`,
      evidence: [error.evidence],
    })
  else
    said.push({
      part: 'reason',
      text:
        run.status === 'KILLED'
          ? 'It was stopped from outside; nothing recorded says why.'
          : 'No console was kept and no step reports an error, so the records do not say why.',
      evidence: [itself],
    })
  if (!parent) return said
  const other = parent.facts.run
  const [only] = changes
  said.push({
    part: 'reason',
    text:
      changes.length === 0
        ? `${quoted(other.name)} finished with the same parameters, data, commit and environment, so the cause is likely outside of them.`
        : changes.length === 1 && only
          ? `${quoted(other.name)} finished, and only this differs from it: ${changeText(only)}.`
          : `${quoted(other.name)} finished; ${changes.length} things differ from it.`,
    evidence: [itself, { label: other.name, run: other.id, at: 'run' }],
  })
  return said
}

/** Why a run came out as it did: the only thing that differs, or what runs that changed one of the things alone show. */
export async function outcomeSentences(
  db: Reader,
  project: string,
  input: {
    readonly facts: RunFacts
    readonly parent: ChosenParent
    readonly changes: readonly FactorChange[]
    readonly earlier: readonly RunFacts[]
    readonly main: Compared | undefined
  },
): Promise<DraftSentence[]> {
  const { facts, parent, changes, main } = input
  const { run } = facts
  const other = parent.facts.run
  const both: DraftSentence['evidence'] = [
    { label: `${run.name} against ${other.name}`, run: run.id, at: 'comparison' },
  ]
  const say = (text: string, evidence = both): DraftSentence => ({ part: 'reason', text, evidence })
  const verdict = main?.judgements[1]?.verdict
  const [only] = changes
  if (changes.length === 0) {
    const unlocked = facts.tags.has(environmentTag) ? '' : '; no environment lock was recorded'
    return [say(`Nothing recorded differs, so what differs between the two is chance, or was not recorded${unlocked}.`)]
  }
  if (verdict === 'no clear change' && main)
    return [
      say(
        `The repeats of both scatter as much as they differ in ${quoted(main.key)}, so there is no effect to explain yet.`,
      ),
    ]
  const clear = verdict === 'better' || verdict === 'worse'
  if (changes.length === 1 && only)
    return [
      say(
        clear
          ? `Only one thing differs (${changeText(only)}), so it is the likely reason.`
          : `Only one thing differs (${changeText(only)}); whether it is the reason, repeats with other seeds would show.`,
      ),
    ]
  return [
    say(`${changes.length} things changed at once, so these two runs alone cannot say which of them did it.`),
    ...(await singleChanges(db, project, input)),
  ]
}

/** Earlier runs that differ from the parent in one of the changes alone. */
async function singleChanges(
  db: Reader,
  project: string,
  { parent, changes, earlier, main }: Parameters<typeof outcomeSentences>[2],
): Promise<DraftSentence[]> {
  if (!main) return []
  const found = changes.flatMap((change) => {
    const run = earlier.find((one) => {
      const [single, more] = changesBetween(parent.facts, one)
      return (
        more === undefined && single?.kind === change.kind && single.key === change.key && single.after === change.after
      )
    })
    return run ? [{ change, run: run.run }] : []
  })
  const some = found.slice(0, mostSingles)
  if (some.length === 0) return []
  const values = await db
    .selectFrom('run_metric')
    .select(['run_id', 'last_value'])
    .where('project_id', '=', project)
    .where('key', '=', main.key)
    .where('last_is_nan', '=', 0)
    .where(
      'run_id',
      'in',
      some.map((one) => one.run.id),
    )
    .execute()
  const valueOf = new Map(values.map((row) => [row.run_id, row.last_value]))
  const told = some.filter(({ run }) => valueOf.has(run.id))
  if (told.length === 0) return []
  return [
    {
      part: 'reason',
      text: `${joined(
        told.map(
          ({ change, run }) =>
            `${quoted(run.name)} has only this change (${changeText(change)}) and ${quoted(main.key)} ${numberText(valueOf.get(run.id) ?? 0)}`,
        ),
      )}, one run each.`,
      evidence: told.map(({ run }) => ({ label: run.name, run: run.id, at: 'metrics' as const })),
    },
  ]
}
