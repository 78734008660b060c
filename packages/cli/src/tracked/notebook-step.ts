import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Action } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'

const program = fileURLToPath(new URL('../../../../python/trivium_notebook/step.py', import.meta.url))

/** A step that a notebook became. */
export interface NotebookStep {
  readonly module: string
  readonly test: string
  readonly record: {
    readonly inputs: readonly string[]
    readonly parameters: Readonly<Record<string, unknown>>
    readonly outputs: readonly string[]
  }
  /** What was commented out, and why. */
  readonly warnings: readonly string[]
}

/** What differs: cells by their numbers before and after, with the lines of a unified difference, and the lines of the step that people changed. */
export interface NotebookChanges {
  readonly cells: readonly {
    readonly before: number | null
    readonly after: number | null
    readonly lines: readonly string[]
  }[]
  readonly module: readonly string[]
}

type Asked =
  | { do: 'make'; path: string; name: string; inputs: readonly string[]; outputs: readonly string[] }
  | { do: 'compare'; first: string; second: string }
  | { do: 'since'; record_path: string; notebook: string; module: string }

/** Lets Python read notebooks, because only Python knows its grammar. Nothing of them runs. */
export async function notebookStep<A extends Asked>(
  { terminal, options }: Action,
  asked: A,
): Promise<A extends { do: 'make' } ? NotebookStep : NotebookChanges> {
  const python = String(options['python'])
  let said: string
  try {
    const env = { ...terminal.env } as NodeJS.ProcessEnv
    said = (await promisify(execFile)(python, ['-I', program, JSON.stringify(asked)], { env, maxBuffer: 200_000_000 }))
      .stdout
  } catch (error) {
    throw new FailedError(
      `"${python}" could not read the notebook: ${(error as Error).message}. Name an interpreter with --python.`,
    )
  }
  const answer = JSON.parse(said) as { problem?: string }
  if (answer.problem !== undefined) throw new UsageError(answer.problem)
  return answer as A extends { do: 'make' } ? NotebookStep : NotebookChanges
}
