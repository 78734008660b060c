import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Send } from './traffic.ts'

const fixtures = join(import.meta.dirname, '../../packages/server/src/capabilities/evaluation/fixtures')
const api = (path: string) => `/api/v1/projects/default/${path}`
/** States of a run that is not over. */
export const openStates = ['queued', 'running', 'waiting']
/** Rows that each evaluation looks at. */
export const evaluatedRows = 240
const lines = 1500

/** It writes slowly, and starts a program that would outlive it if nobody looked after that. */
const code = `
import hashlib, subprocess, time

def make(turn, made):
    subprocess.Popen(["sleep", "600"])
    with open(made, "w") as out:
        out.write("[")
        for line in range(${lines}):
            if line % ${lines / 5} == 0:
                out.flush()
                time.sleep(0.04)
            out.write(("," if line else "") + '"' + hashlib.sha256(f"{turn}/{line}".encode()).hexdigest() + '"')
        out.write("]")
    return {"told": turn * 3}
`
const yaml = `
name: round
params: { turn: 0, threshold: 0.5 }
steps:
  make: { run: "steps:make", params: [turn], out: { made: file, told: value }, retry: { max: 20, backoff: 50ms } }
  judge:
    kind: evaluate
    in: { model: "model:judged@1", dataset: "dataset:flights@1" }
    with: { label: late, threshold: "\${params.threshold}" }
    retry: { max: 20, backoff: 50ms }
`

/** What `make` has to write in a turn. */
export const madeIn = (turn: number): string[] =>
  Array.from({ length: lines }, (_, line) => createHash('sha256').update(`${turn}/${line}`).digest('hex'))

/** A pipeline with a step in Python and an evaluation, and what they need. */
export async function seedPipeline(must: (...request: Parameters<Send>) => Promise<any>, run: string): Promise<void> {
  const rows = (await readFile(join(fixtures, 'rows.csv'), 'utf8')).split('\n').slice(0, evaluatedRows + 1)
  await must('POST', `${api('datasets/flights/versions')}?format=csv&event_time=at`, `${rows.join('\n')}\n`)
  const model = new Uint8Array(await readFile(join(fixtures, 'plain.onnx')))
  await must('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/judged/model.onnx`, model)
  await must('POST', '/api/2.0/mlflow/registered-models/create', { name: 'judged' })
  const version = { name: 'judged', source: `runs:/${run}/judged`, run_id: run }
  await must('POST', '/api/2.0/mlflow/model-versions/create', version)
  const digest = createHash('sha256').update(code).digest('hex')
  await must('PUT', api(`blobs/${digest}`), code)
  await must('PUT', api('pipelines/round'), { yaml, files: { 'steps.py': digest } })
}

/** One run after the other until `stopped`; every second one asks for what the one before has made. Remembers what was answered. */
export async function runPipelines(send: Send, stopped: () => boolean, runs: Map<string, number>): Promise<void> {
  for (let n = 2; !stopped(); n += 1) {
    const turn = n >> 1
    const started = await send('POST', api('pipelines/round/runs'), { params: { turn, threshold: turn / 10_000 } })
    if (started) runs.set(started.id, turn)
    // The next one does not wait for one that a kill holds up.
    const patience = Date.now() + 3000
    while (started && !stopped() && Date.now() < patience) {
      const run = await send('GET', api(`pipeline-runs/${started.id}`))
      if (run && !openStates.includes(run.state)) break
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
