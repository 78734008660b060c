import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './seed-world.ts'

const capabilities = join(import.meta.dirname, '../../packages/web/src/capabilities')

/** The addresses of all pages of the app, with the things of the world in place of the parameters. */
export async function pageAddresses(world: World): Promise<string[]> {
  const found: string[] = []
  for (const capability of readdirSync(capabilities)) {
    const module = join(capabilities, capability, 'pages.ts')
    if (!existsSync(module)) continue
    const { pages } = (await import(module)) as { pages: readonly { path: string }[] }
    found.push(...pages.map(({ path }) => fill(path, world)))
  }
  found.push(`/runs/${world.runs[0]}?tab=sources`)
  found.push('/datasets/flights/versions/1?tab=sheet')
  found.push('/release-cycles?tab=hands', '/release-cycles?tab=work', '/models/late?tab=hands')
  for (const tab of ['ideas', 'explained', 'drafts', 'baselines', 'code'])
    found.push(`/experiments/${world.experiment}/frontier?tab=${tab}`)
  return found
}

function fill(path: string, world: World): string {
  const values: Record<string, string | undefined> = {
    dataset: 'flights',
    version: '1',
    evaluation: world.evaluation,
    view: 'arrivals',
    item: world.item,
    id: encodeURIComponent(`trivium://${world.project}/model/late@1`),
    monitor: 'delays-daily',
    alert: world.alert,
    pipeline: 'judge',
    run: path.startsWith('/pipeline') ? world.pipelineRun : world.runs[0],
    model: 'late',
    deployment: 'delays',
    prediction: world.prediction,
    experiment: world.experiment,
    trace: world.trace,
    report: world.report,
    baseline: world.baseline,
  }
  const filled = path.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name]
    if (!value) throw new Error(`The page ${path} has the parameter "${name}", and this test has no value for it.`)
    return value
  })
  return path === '/runs/compare' ? `${path}?ids=${world.runs.join(',')}` : filled
}
