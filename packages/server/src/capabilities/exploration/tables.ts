import type { Baseline } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    run_note: RunNoteTable
    idea: IdeaTable
    baseline: BaselineTable
    code_fork: CodeForkTable
  }
}

/** A draft that somebody confirmed. */
export interface RunNoteTable {
  project_id: string
  kind: 'run' | 'group'
  /** Id of the run; of a group the digest of its experiment and configuration. */
  subject: string
  experiment_id: string
  /** The run on whose page it was confirmed. */
  run_id: string
  text: string
  /** SHA-256 of the draft that was confirmed. */
  draft_digest: string
  edited: number
  confirmed_by: string
  confirmed_by_name: string
  confirmed_at: number
}

/** Something that somebody thinks is worth trying. */
export interface IdeaTable {
  project_id: string
  id: string
  experiment_id: string
  title: string
  /** What its author expects, and why; empty while nobody has said it. */
  hypothesis: string
  /** Where it comes from, in a few words. */
  source: string
  state: 'open' | 'chosen' | 'dropped' | 'concluded'
  outcome: 'supported' | 'refuted' | 'unclear' | null
  /** Why it was dropped, or concluded so. */
  reason: string
  created_at: number
  created_by: string
  created_by_name: string
  /** When the hypothesis was last written. */
  hypothesis_at: number | null
  decided_at: number | null
  decided_by: string | null
  decided_by_name: string | null
}

/** What a baseline says beside its name. */
export type BaselineContent = Pick<
  Baseline,
  | 'source'
  | 'task'
  | 'dataset'
  | 'split'
  | 'metric'
  | 'definition'
  | 'direction'
  | 'value'
  | 'spread'
  | 'protocol'
  | 'params'
  | 'seeds'
  | 'code'
>

/** A published result that runs of an experiment are compared with. */
export interface BaselineTable {
  project_id: string
  id: string
  experiment_id: string
  name: string
  /** JSON: `BaselineContent`. */
  content: string
  /** SHA-256 of name and content. */
  record_digest: string
  created_at: number
  created_by: string
  created_by_name: string
  retired_at: number | null
  retired_by: string | null
  retired_reason: string | null
}

/** How far the lines of code of an experiment diverge, as it was last measured. */
export interface CodeForkTable {
  project_id: string
  experiment_id: string
  /** JSON: lines, and commits that were not there. */
  content: string
  recorded_at: number
  recorded_by: string
  recorded_by_name: string
}
