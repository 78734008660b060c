import type { PersonNames } from '../subjects/index.ts'

/** A person whose data a project holds (data subject). */
export interface DataSubject {
  readonly project: string
  /** His id as the rows name him; empty where a restore repeats an erasure and only `names` tell. */
  readonly subject: string
  /** His id and what else he is called, as texts may say it; without them his id alone. */
  readonly names?: PersonNames
  /** Id of his key (`kernel/subjects`); undefined while nothing of him was ever sealed. */
  readonly keyId: string | undefined
}

/** How much of one kind a place holds about a person. */
export interface SubjectCount {
  /** `dataset-rows`, `predictions`, `labels`, `feature-rows`, `account`, … */
  readonly kind: string
  /** Name of the dataset, deployment or feature view. */
  readonly where: string
  readonly count: number
  /** What holds them, such as versions of a dataset: downstream of these the lineage graph shows which models learned from them. */
  readonly urns: readonly string[]
  /** Of `count`, how many are not sealed with his key: rows from before anything was declared, which an erasure does not reach. */
  readonly plain?: number
  /** What an erasure did with them, where it did not destroy their key: took them away, or took the person's name out of them. */
  readonly how?: 'removed' | 'redacted'
}

/** What an erasure found and left as it is, and why. */
export interface SubjectRemainder {
  readonly kind: string
  readonly where: string
  readonly count: number
  /** Why, and what somebody can do about it. */
  readonly why: string
}

/** One thing that is held about a person, with its values opened. */
export interface SubjectRecord {
  readonly kind: string
  readonly where: string
  readonly record: Readonly<Record<string, unknown>>
}

/**
 * What a capability holds about one person: found, exported and erased on request. Each capability that stores personal data has one and `compose.ts` registers
 * it. Erasing is: find and show the counts; in one transaction `kernel.subjects.erase`, which destroys the key and with it all that is sealed; then `erase`
 * here, for what the key does not cover. Every part may be repeated.
 */
export interface SubjectData {
  readonly capability: string
  find(person: DataSubject): Promise<SubjectCount[]>
  export(person: DataSubject): AsyncIterable<SubjectRecord>
  /** After the key was destroyed, outside of transactions: removes or overwrites what is not sealed and can be changed, and says what it was. */
  erase(person: DataSubject): Promise<SubjectCount[]>
  /** After `erase`: what it left. Rows from before a declaration need not be said, `plain` counts them. */
  left?(person: DataSubject): Promise<SubjectRemainder[]>
  /** It finds him by `names` alone, and what it holds is in a backup in the clear: a restore has it erase again. */
  readonly repeats?: boolean
}

/**
 * A table with texts that people wrote, or that may repeat what rows say: an erasure searches its columns for the person's names and puts `[redacted]` in their
 * place. A capability lists those it has; a column of text that is in no list is named in `texts.test.ts` with the reason.
 */
export interface TextPlace {
  readonly table: string
  /** As people read it: "tags of runs". */
  readonly title: string
  /** The column that says whose project it is; `project_id` where nothing is said. */
  readonly project?: string
  /** What identifies a row within the project, in the order of an index. */
  readonly key: readonly string[]
  /** Columns with texts, plain or JSON. */
  readonly columns: readonly string[]
  /** Columns of the key, or beside it, that are a name: a row that the person's name stands in there is removed. */
  readonly removeBy?: readonly string[]
  /** Columns that others refer to or that a digest covers: what names the person there is counted, and stays. `why` also says what somebody can do. */
  readonly fixed?: { readonly columns: readonly string[]; readonly why: string }
  /** Columns that follow from the ones that are changed. */
  derive?(row: Readonly<Record<string, unknown>>): Record<string, string | null>
}

/** The texts of a capability. */
export interface SubjectTexts {
  readonly capability: string
  readonly places: readonly TextPlace[]
}

/** Tells people outside the program: mail, chat, webhook. The inbox and alerts call it; without a driver they only show on pages. */
export interface Notifier {
  notify(message: { project: string; title: string; body: string; url: string; to: readonly string[] }): Promise<void>
}
