import type { Reader } from '../../kernel/db/index.ts'
import { type ChosenDirections, compareRuns } from './compare-runs.ts'

/** A comparison as finished JSON. Runs on a reader thread, because repeats are looked for among all runs of an experiment. */
export async function runComparisonBytes(
  db: Reader,
  { project, runs, chosen }: { project: string; runs: readonly string[]; chosen: ChosenDirections },
): Promise<string> {
  return JSON.stringify(await compareRuns(db, project, runs, chosen))
}
