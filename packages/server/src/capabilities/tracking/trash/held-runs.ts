/** Says which of these runs something was made from that needs their records: run → URN of what needs it. */
export type RunHolder = (project: string, runs: readonly string[]) => Promise<ReadonlyMap<string, string>>
/** The same of logged models. */
export type LoggedModelHolder = (project: string, models: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** What keeps runs and logged models in the trash; the registry on a higher floor knows it. */
export interface TrashHolders {
  readonly runs: RunHolder
  readonly loggedModels: LoggedModelHolder
}
