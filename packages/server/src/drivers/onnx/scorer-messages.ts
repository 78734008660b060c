import type { ModelSignature } from '../../kernel/ports/model-runtime.ts'

/** What the scoring process does: look at a model file, or run it over a table. */
export type ScorerCall =
  | { kind: 'inspect'; modelPath: string }
  | { kind: 'score'; modelPath: string; rowsPath: string; outputPath: string; featureNames?: readonly string[] }

export type ScorerResult<C extends ScorerCall> = C['kind'] extends 'inspect'
  ? ModelSignature
  : { rows: number; columns: string[] }

export interface ToScorer {
  id: number
  call: ScorerCall
}

/** The answer to one call; an expected failure crosses the pipe as its code, status and message. */
export type FromScorer =
  | { id: number; result: unknown }
  | { id: number; error: { code: string; status: number; message: string } }
