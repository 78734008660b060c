import { createHash } from 'node:crypto'
import type { DraftSentence, MetricSummary, RunDraft } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { digestOf } from '../../kernel/ids/index.ts'
import { compareRuns, findRepeats, metricDirectionOf, readRuns, type RunTable } from '../tracking/index.ts'
import { changesBetween, type ChosenParent, chooseParent, closest, earlierRuns } from './choose-parent.ts'
import { changedSentences, draftText, quoted, tookText } from './draft-words.ts'
import {
  type Compared,
  curveSentences,
  groupSentence,
  metricSentence,
  recoveredText,
  spokenOf,
} from './metric-sentences.ts'
import { readRunFacts, type RunFacts } from './read-run-facts.ts'
import { failureSentences, outcomeSentences } from './reason-sentences.ts'
import { numberText } from './shared-traits.ts'

/** A draft with the name under which its note is kept; the note itself is not read yet. */
export interface MadeDraft {
  readonly subject: string
  readonly draft: Omit<RunDraft, 'note'>
}

type ReadRun = Awaited<ReturnType<typeof readRuns>>[number]

/** Whether a run has come to an end, so that something can be said of it. */
export const hasEnded = ({ status }: Pick<RunTable, 'status'>): boolean =>
  status !== 'RUNNING' && status !== 'SCHEDULED'

/** The draft of a run, and of its group where it has repeats; nothing for one that still runs. All of it is made from records. */
export async function draftsOf(db: Reader, project: string, row: RunTable): Promise<MadeDraft[]> {
  if (!hasEnded(row)) return []
  const known = new Map<string, ReadRun>()
  const read = async (ids: readonly string[]): Promise<ReadRun[]> => {
    const unknown = ids.filter((id) => !known.has(id))
    if (unknown.length > 0) for (const one of await readRuns(db, project, unknown)) known.set(one.run.id, one)
    return ids.flatMap((id) => known.get(id) ?? [])
  }
  const [itself] = await read([row.id])
  const [facts] = await readRunFacts(db, project, [row], undefined)
  if (!itself || !facts) return []
  const members = await read(await findRepeats(db, project, itself, read))
  const drafts = [await draftRun(db, project, facts, itself)]
  if (members.length > 1 && facts.configuration !== undefined)
    drafts.push(await draftGroup(db, project, facts, members))
  return drafts
}

async function draftRun(db: Reader, project: string, facts: RunFacts, itself: ReadRun): Promise<MadeDraft> {
  const { run } = facts
  const earlier = await earlierRuns(db, project, facts)
  const parent = await chooseParent(db, project, facts, earlier)
  const changes = parent ? changesBetween(parent.facts, facts) : []
  const metrics = [...itself.metrics.values()]
  const compared = parent ? await comparedWith(db, project, parent, run) : []
  const spoken = spokenOf(compared)
  const sentences = [
    ...(parent ? changedSentences(changes, run, parent.facts.run) : [nothingBefore(run)]),
    tookSentence(facts, parent),
    ...(parent ? spoken.map((metric) => metricSentence(metric, run, parent.facts.run)) : endSentences(metrics, run)),
    ...(run.status === 'FINISHED'
      ? parent && spoken.length > 0
        ? await outcomeSentences(db, project, { facts, parent, changes, earlier, main: spoken[0] })
        : []
      : await failureSentences(db, project, facts, parent, changes)),
    ...curveSentences(metrics, new Map(metrics.map(({ key }) => [key, metricDirectionOf(key)])), run),
  ]
  return made('run', run.id, run, [], parent, sentences)
}

/** Told from the oldest of its runs, so that it is the same whichever of them is looked at. */
async function draftGroup(
  db: Reader,
  project: string,
  { run, configuration }: RunFacts,
  members: readonly ReadRun[],
): Promise<MadeDraft> {
  const sorted = members.toSorted(
    (a, b) => (a.run.start_time ?? 0) - (b.run.start_time ?? 0) || (a.run.id < b.run.id ? -1 : 1),
  )
  const oldest = sorted[0] as ReadRun
  const [facts] = await readRunFacts(db, project, [oldest.run], undefined)
  if (!facts) throw new Error(`The facts of run ${oldest.run.id} are gone.`)
  const earlier = await earlierRuns(db, project, facts)
  const parent = closest(facts, earlier, new Set(members.map((one) => one.run.id)))
  const changes = parent ? changesBetween(parent.facts, facts) : []
  const spoken = spokenOf(parent ? await comparedWith(db, project, parent, oldest.run) : [])
  const keys = spoken.length > 0 ? spoken.map(({ key }) => key) : mainKeys(oldest)
  const means = keys.flatMap((key) => {
    const values = sorted.flatMap((one) => one.metrics.get(key)?.last ?? [])
    return values.length === 0 ? [] : [groupSentence(key, values, oldest.run)]
  })
  const judged = spoken.filter(({ judgements }) => typeof judgements[1]?.difference === 'number')
  const sentences: DraftSentence[] = [
    ...(parent ? changedSentences(changes, oldest.run, parent.facts.run) : [nothingBefore(oldest.run)]),
    ...means,
    ...(parent ? judged.map((metric) => metricSentence(metric, oldest.run, parent.facts.run)) : []),
    ...(parent && spoken.length > 0
      ? await outcomeSentences(db, project, { facts, parent, changes, earlier, main: spoken[0] })
      : []),
  ]
  return made(
    'group',
    digestOf([run.experiment_id, configuration]),
    sorted.at(-1)?.run ?? run,
    sorted,
    parent,
    sentences,
  )
}

function made(
  of: RunDraft['of'],
  subject: string,
  run: RunTable,
  members: readonly ReadRun[],
  parent: ChosenParent | undefined,
  sentences: DraftSentence[],
): MadeDraft {
  const text = draftText(sentences)
  return {
    subject,
    draft: {
      of,
      run: { id: run.id, name: run.name, status: run.status, endedAt: run.end_time },
      members: members.map((one) => ({ id: one.run.id, name: one.run.name })),
      parent: parent ? { id: parent.facts.run.id, name: parent.facts.run.name, why: parent.why } : null,
      sentences,
      text,
      digest: createHash('sha256').update(text).digest('hex'),
    },
  }
}

async function comparedWith(db: Reader, project: string, parent: ChosenParent, run: RunTable): Promise<Compared[]> {
  return (await compareRuns(db, project, [parent.facts.run.id, run.id])).metrics
}

function mainKeys({ metrics }: ReadRun): string[] {
  return [...metrics.keys()]
    .filter((key) => !key.startsWith('system/'))
    .toSorted((a, b) => Number(metricDirectionOf(b) !== null) - Number(metricDirectionOf(a) !== null))
    .slice(0, 6)
}

function nothingBefore(run: RunTable): DraftSentence {
  return {
    part: 'changed',
    text: 'No finished run with parameters came before it in its experiment, so there is nothing to compare it with.',
    evidence: [{ label: run.name, run: run.id, at: 'params' }],
  }
}

const endings: Partial<Record<RunTable['status'], string>> = {
  FINISHED: 'Finished',
  FAILED: 'Failed',
  KILLED: 'Was stopped',
}

function tookSentence({ run, tookMs }: RunFacts, parent: ChosenParent | undefined): DraftSentence {
  const other = parent?.facts
  const before = !other || other.tookMs === null ? '' : `; ${quoted(other.run.name)} took ${tookText(other.tookMs)}`
  return {
    part: 'happened',
    text: `${endings[run.status] ?? run.status}${tookMs === null ? '' : ` after ${tookText(tookMs)}`}${before}.`,
    evidence: [
      { label: run.name, run: run.id, at: 'run' },
      ...(other ? [{ label: other.run.name, run: other.run.id, at: 'run' as const }] : []),
    ],
  }
}

/** Where there is nothing to compare with: what the metrics ended at. */
function endSentences(metrics: readonly MetricSummary[], run: RunTable): DraftSentence[] {
  return metrics
    .filter(({ key }) => !key.startsWith('system/'))
    .toSorted((a, b) => Number(metricDirectionOf(b.key) !== null) - Number(metricDirectionOf(a.key) !== null))
    .slice(0, 6)
    .map((metric) => {
      const { key, last } = metric
      const ended = last === null ? ' as no number' : ` at ${numberText(last)}${recoveredText(metric)} (one run)`
      return {
        part: 'happened',
        text: `${quoted(key)} ended${ended}.`,
        evidence: [{ label: `${key} of ${run.name}`, run: run.id, at: 'metrics' }],
      }
    })
}
