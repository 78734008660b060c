import { type HistogramPoint, logHistograms } from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import { again, type ImportWork } from './run-import.ts'
import type { Skip } from './source.ts'

const atOnce = 200

/** Sends the histograms of a run; those that are there already stay, and those that it has no room for are named. */
export async function sendHistograms(
  { client, project, terminal }: ImportWork,
  run: string,
  histograms: readonly HistogramPoint[],
  skip: Skip,
): Promise<void> {
  for (let start = 0; start < histograms.length; start += atOnce) {
    const body = { histograms: histograms.slice(start, start + atOnce) }
    const call = () => client.call(logHistograms, { params: { project, run }, body, signal: terminal.signal })
    try {
      await again(terminal.signal, call)
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 400 && error.status !== 409)) throw error
      skip(`${histograms.length - start} histograms of run ${run}`, error.message)
      return
    }
  }
}
