import type { Reader } from '../../../kernel/db/index.ts'
import { type SampledQuery, selectHistory, seriesPointsAt, seriesSteps } from '../metric-history.ts'

/** `selectHistory` as JSON. Runs on a reader thread. */
export const hotPageBytes = async (db: Reader, query: Parameters<typeof selectHistory>[1]): Promise<string> =>
  JSON.stringify(await selectHistory(db, query))

/** `seriesSteps` as JSON. Runs on a reader thread. */
export const hotStepsBytes = async (
  db: Reader,
  input: { series: number; query: SampledQuery; seeks: boolean },
): Promise<string> => JSON.stringify((await seriesSteps(db, input.series, input.query, input.seeks)) ?? null)

/** `seriesPointsAt` as JSON. Runs on a reader thread. */
export const hotPointsBytes = async (
  db: Reader,
  input: { series: number; steps: readonly number[] },
): Promise<string> => JSON.stringify(await seriesPointsAt(db, input.series, input.steps))
