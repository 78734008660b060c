import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { wandbSource } from './wandb-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-wandb-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('history, settings, summary and files of exported runs are read; what is no number or broken is named', async () => {
  const run = join(folder, 'sweep/run-1')
  mkdirSync(join(run, 'files'), { recursive: true })
  writeFileSync(
    join(run, 'history.jsonl'),
    [
      '{"_step":0,"_timestamp":1600000000.5,"loss":1,"ok":true}',
      '{"_step":2,"_timestamp":1600000002,"loss":NaN,"image":{"_type":"image-file"}}',
      '{"_step":3,"loss":Infinity',
      '[1]',
    ].join('\n'),
  )
  writeFileSync(
    join(run, 'config.yaml'),
    'wandb_version: 1\n_wandb:\n  value: {}\nlr:\n  value: 0.5\nnet:\n  value:\n    depth: 3\n',
  )
  writeFileSync(join(run, 'wandb-summary.json'), '{"_timestamp":1600000002,"_runtime":2}')
  writeFileSync(join(run, 'wandb-metadata.json'), '{"username":"ada","git":{"commit":"abc"}}')
  writeFileSync(join(run, 'files', 'a.txt'), 'a')
  writeFileSync(join(folder, 'run-2.wandb'), '')
  const notes: string[] = []
  const source = await wandbSource(folder, (what, why) => void notes.push(`${what}: ${why}`))
  const [experiment] = await source.experiments()
  const runs = []
  for await (const page of source.runs(experiment?.id ?? '')) runs.push(...page)
  expect(runs.map((one) => one.run)).toMatchObject([
    {
      name: 'sweep/run-1',
      user: 'ada',
      params: { lr: '0.5', 'net.depth': '3' },
      startTime: 1_600_000_000_000,
      endTime: 1_600_000_002_000,
      tags: { 'mlflow.source.git.commit': 'abc' },
    },
  ])
  const series = []
  for await (const { key, points } of source.series(runs)) series.push([key, points])
  expect(series).toEqual([
    [
      'loss',
      [
        [0, 1_600_000_000_500, 1],
        [2, 1_600_000_002_000, null],
      ],
    ],
    ['ok', [[0, 1_600_000_000_500, 1]]],
  ])
  const files = []
  for await (const { path } of source.files({ kind: 'run', id: runs[0]?.run.id ?? '' })) files.push(path)
  expect(files).toEqual(['a.txt'])
  expect(notes).toHaveLength(3)
  expect(notes.join('\n')).toMatch(/run-2.wandb[\s\S]*2 lines[\s\S]*1 values of "image"/)
})
