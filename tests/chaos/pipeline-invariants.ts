import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Evaluation, PipelineRun, PipelineStepRun } from '@trivium/contract'
import { expect } from 'vitest'
import { evaluatedRows, madeIn, openStates } from './pipeline-traffic.ts'
import type { Send } from './traffic.ts'
import { stepProcesses } from './victims.ts'

const api = (path: string) => `/api/v1/projects/default/${path}`
/** What a step may say when its process, or one that worked for it, was killed. */
const clearCode = /^(PIPELINES|MODEL|TABLES|BLOB|DATABASE|EVALUATION|PYTHON|ENVIRONMENT)\.[A-Z_]+$/

/** What became of the runs, for the report. */
export interface RunCounts {
  finished: number
  failed: number
  /** Steps that were taken from the cache. */
  cached: number
  /** Attempts that did not succeed, by what they say. */
  readonly attempts: Map<string, number>
}

type Must = (...request: Parameters<Send>) => Promise<any>

/** Waits for the runs: those that people start hold no event time up, so that all may be settled before they are over. */
export async function runsEnded(must: Must, runs: ReadonlyMap<string, number>): Promise<void> {
  const until = Date.now() + 180_000
  for (const id of runs.keys())
    while (Date.now() < until && openStates.includes((await must('GET', api(`pipeline-runs/${id}`))).state))
      await new Promise((resolve) => setTimeout(resolve, 100))
}

/** Every run that was acknowledged has ended, whole: what it made is all there and right, and what did not work says why. */
export async function verifyRuns(
  must: Must,
  runs: ReadonlyMap<string, number>,
  eventsOf: ReadonlyMap<string, readonly string[]>,
): Promise<RunCounts> {
  const counts: RunCounts = { finished: 0, failed: 0, cached: 0, attempts: new Map() }
  for (const [id, turn] of runs) {
    const run = (await must('GET', api(`pipeline-runs/${id}`))) as PipelineRun
    expect(openStates, `run ${id} is ${run.state}`).not.toContain(run.state)
    expect(eventsOf.get(run.urn)?.toSorted(), id).toEqual([`pipeline-run.${run.state}`, 'pipeline-run.started'])
    expect(['finished', 'failed'], `run ${id}`).toContain(run.state)
    counts[run.state as 'finished' | 'failed'] += 1
    const ended = run.state === 'finished' ? ['finished', 'cached'] : ['finished', 'cached', 'failed']
    for (const step of run.steps) {
      expect(ended, `step ${step.name} of ${id}`).toContain(step.state)
      expectClearAttempts(id, step, counts)
      if (step.state === 'failed') expect(step.reason, id).toMatch(/\w/)
      else if (step.name === 'make') await expectMade(must, id, step, turn)
      else await expectEvaluated(must, id, step, turn)
      if (step.state === 'cached') counts.cached += 1
    }
  }
  expect(counts.finished).toBeGreaterThan(0)
  return counts
}

/** The last attempt is what the step is; those before it say what happened to them. */
function expectClearAttempts(run: string, { name, state, attempts }: PipelineStepRun, counts: RunCounts): void {
  const words = `${name} of ${run}: ${JSON.stringify(attempts)}`
  expect(
    attempts.map(({ attempt }) => attempt),
    words,
  ).toEqual(attempts.map((_, index) => index + 1))
  for (const [index, attempt] of attempts.entries()) {
    expect(attempt.finishedAt, words).not.toBeNull()
    if (index === attempts.length - 1 && state === 'finished') {
      expect(attempt.state, words).toBe('finished')
      continue
    }
    expect(['failed', 'lost'], words).toContain(attempt.state)
    expect(attempt.error?.code, words).toMatch(clearCode)
    const said = attempt.error?.message.replaceAll(/".*?"/g, '…').replaceAll(/(?:\/[\w.-]+){2,}/g, '…')
    const why = `${attempt.state} · ${said?.slice(0, 160)}`
    counts.attempts.set(why, (counts.attempts.get(why) ?? 0) + 1)
  }
}

async function expectMade(must: Must, run: string, step: PipelineStepRun, turn: number): Promise<void> {
  expect(step.outputs.find(({ name }) => name === 'told')?.value, run).toBe(turn * 3)
  const made = await must('GET', api(`pipeline-runs/${run}/steps/make/outputs/made`))
  // As text: a difference in thousands of lines says nothing.
  expect(JSON.stringify(made) === JSON.stringify(madeIn(turn)), `what ${run} made is half of it, or another`).toBe(true)
}

async function expectEvaluated(must: Must, run: string, step: PipelineStepRun, turn: number): Promise<void> {
  const id =
    step.outputs
      .find(({ name }) => name === 'evaluation')
      ?.urn?.split('/')
      .at(-1) ?? ''
  const found = (await must('GET', api(`evaluations/${id}`))) as Evaluation
  expect([found.rows, found.metrics.length > 0], run).toEqual([evaluatedRows, true])
  expect(step.evidence.find(({ kind }) => kind === 'evaluation')?.data['settings'], run).toMatchObject({
    threshold: turn / 10_000,
  })
}

/** Nothing of a step is left when no step runs: no process, wherever it went, and no folder. */
export async function expectNothingOfSteps(data: readonly string[]): Promise<void> {
  const left = () =>
    data.flatMap((folder) => [
      ...stepProcesses(folder).map((pid) => `process ${pid} of ${folder}`),
      ...placesIn(join(folder, 'work')),
    ])
  // What was ended goes in a moment.
  for (let tries = 0; left().length > 0 && tries < 60; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
  expect(left()).toEqual([])
}

function placesIn(work: string): string[] {
  try {
    return readdirSync(work, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith('prn_'))
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
