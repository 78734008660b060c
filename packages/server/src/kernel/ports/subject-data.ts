/** A person whose data a project holds (data subject). */
export interface DataSubject {
  readonly project: string
  /** His id as the rows name him. */
  readonly subject: string
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
}

/** Tells people outside the program: mail, chat, webhook. The inbox and alerts call it; without a driver they only show on pages. */
export interface Notifier {
  notify(message: { project: string; title: string; body: string; url: string; to: readonly string[] }): Promise<void>
}
