import type { Client, World } from '@trivium/testing'
import { median, quantile, show } from '../support/figures.ts'
import { busiest, deployedEvery, hex, modelName } from './fill-catalogue.ts'

/** Asks every page of a catalogue several times, one after another; returns a row each and the worst p95. */
export async function measurePages(
  world: World,
  client: Client,
  { models, rounds }: { models: number; rounds: number },
): Promise<{ rows: string[][]; worst: number }> {
  const api = `/api/v1/projects/${world.project}`
  const like = (text: string): string => encodeURIComponent(`name like '%${text}%'`)
  const middle = modelName(Math.floor(models / 2))
  const deployed = modelName(Math.floor(models / 2 / deployedEvery) * deployedEvery)
  const last = Math.max(0, models - 150)
  const get = (path: string) => () => client.call('GET', path)
  const second = async (path: string): Promise<string> => {
    const { json } = await client.call('GET', path)
    return `${path}&page_token=${encodeURIComponent((json as { nextPageToken: string }).nextPageToken)}`
  }
  const search = (path: string, query: Record<string, string>) =>
    get(`/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`)
  const pages: Record<string, () => Promise<{ status: number; text: string }>> = {
    'models, the first page': get(`${api}/models`),
    'models, the first page of 1,000': get(`${api}/models?limit=1000`),
    'models, a page further on': get(await second(`${api}/models?limit=1000`)),
    'models whose name holds a text, near the end': get(`${api}/models?filter=${like(modelName(last).slice(-6))}`),
    'models whose name holds what none holds': get(`${api}/models?filter=${like('nothing')}`),
    'models of one tag': get(`${api}/models?filter=${encodeURIComponent("tags.team = 'team-7'")}`),
    'models of a tag that none has': get(`${api}/models?filter=${encodeURIComponent("tags.team = 'none'")}`),
    'a model': get(`${api}/models/${middle}`),
    'its versions': get(`${api}/models/${middle}/versions`),
    'the versions of a model with 5,000': get(`${api}/models/${busiest}/versions`),
    'the next of them': get(await second(`${api}/models/${busiest}/versions?limit=1000`)),
    'what hands a model over': get(`${api}/models/${middle}/hand-over`),
    'what hands a deployed one over': get(`${api}/models/${deployed}/hand-over`),
    'versions not chosen, of 5,000': get(`${api}/models/${busiest}/candidates`),
    'release cycle of a model with 5,000 versions': get(`${api}/release-cycles?model=${busiest}`),
    'release cycles of the project': get(`${api}/release-cycles`),
    'a version': get(`${api}/models/${middle}/versions/1`),
    'its card': get(`${api}/models/${middle}/versions/1/card`),
    'the versions of a run': get(`${api}/model-versions?run=${hex(5, 32)}`),
    'the newest versions of all': get(`${api}/model-versions?limit=100`),
    'the next of them, of all': get(await second(`${api}/model-versions?limit=1000`)),
    'MLflow, models by name': search('registered-models/search', { max_results: '100' }),
    'MLflow, versions of a model': search('model-versions/search', {
      filter: `name = '${middle}'`,
      max_results: '100',
    }),
    'MLflow, versions last changed': search('model-versions/search', { max_results: '100' }),
    'MLflow, versions of one tag': search('model-versions/search', {
      filter: "tags.team = 'team-7'",
      max_results: '100',
    }),
    experiments: get(`${api}/experiments?limit=100`),
  }
  const rows: string[][] = []
  let worst = 0
  for (const [what, ask] of Object.entries(pages)) {
    const times: number[] = []
    let bytes = 0
    for (let round = 0; round < rounds + 1; round += 1) {
      const before = performance.now()
      const answer = await ask()
      if (round > 0) times.push(performance.now() - before)
      if (answer.status !== 200) throw new Error(`${what} answers ${answer.status}: ${answer.text.slice(0, 300)}`)
      bytes = answer.text.length
    }
    const p95 = quantile(times, 0.95)
    worst = Math.max(worst, p95)
    rows.push([what, show(median(times)), show(p95), show(bytes / 1024)])
  }
  return { rows, worst }
}
