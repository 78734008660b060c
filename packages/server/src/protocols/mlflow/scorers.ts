import type { OnlineScoring, Scorers, ScorerVersion } from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { rpc } from './rpc.ts'
import { unlessEmpty } from './shapes.ts'

/** Experiments are numbers in it, though they are texts everywhere else. */
const shape = (one: ScorerVersion): object => ({
  experiment_id: Number(one.experiment),
  scorer_name: one.name,
  scorer_version: one.version,
  serialized_scorer: one.content,
  creation_time: one.createdAt,
  scorer_id: one.id,
})

const onlineShape = (one: OnlineScoring): object => ({
  online_scoring_config_id: one.id,
  scorer_id: one.scorer,
  sample_rate: one.sampleRate,
  experiment_id: one.experiment,
  ...(one.filter === null ? {} : { filter_string: one.filter }),
})

/** scorers/*: they are kept, versioned and handed out; programs of people run them. */
export function scorerCalls(app: Http, scorers: Scorers): void {
  const of = (args: Args): [experiment: string, name: string] => [args.id('experiment_id'), args.required('name')]

  rpc(app, 'POST', 'scorers/register', 'run:write', async ({ args, scope }) => {
    const made = await scorers.register(scope, ...of(args), args.required('serialized_scorer'))
    return {
      version: made.version,
      scorer_id: made.id,
      experiment_id: made.experiment,
      name: made.name,
      serialized_scorer: made.content,
      creation_time: made.createdAt,
    }
  })
  rpc(app, 'GET', 'scorers/list', 'run:read', async ({ args, scope }) => {
    const several = args.raw('experiment_ids') !== undefined
    if (several && args.text('experiment_id'))
      throw mlflowErrors.INVALID(
        "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to multiple experiments, or 'experiment_id' to scope it to a single experiment.",
      )
    const one = several || !args.text('experiment_id') ? undefined : args.id('experiment_id')
    if (one !== undefined) await scorers.requireExperiment(scope, one)
    const experiments = several ? args.texts('experiment_ids') : one === undefined ? undefined : [one]
    return unlessEmpty('scorers', (await scorers.list(scope, experiments)).map(shape))
  })
  rpc(app, 'GET', 'scorers/versions', 'run:read', async ({ args, scope }) => ({
    scorers: (await scorers.versions(scope, ...of(args))).map(shape),
  }))
  rpc(app, 'GET', 'scorers/get', 'run:read', async ({ args, scope }) => ({
    scorer: shape(await scorers.find(scope, ...of(args), args.integer('version'))),
  }))
  rpc(app, 'DELETE', 'scorers/delete', 'run:write', ({ args, scope }) =>
    scorers.remove(scope, ...of(args), args.integer('version')),
  )
  rpc(app, 'GET', 'scorers/online-configs', 'run:read', async ({ args, scope }) => {
    const ids = args.texts('scorer_ids')
    if (ids.length === 0) throw mlflowErrors.MISSING('scorer_ids')
    return { configs: (await scorers.onlineScoring(scope, ids.slice(0, 1000))).map(onlineShape) }
  })
  rpc(app, 'PUT', 'scorers/online-config', 'run:write', async ({ args, scope }) => {
    const rate = args.raw('sample_rate')
    if (rate === undefined) throw mlflowErrors.MISSING('sample_rate')
    const sampleRate = typeof rate === 'string' && rate.trim() !== '' ? Number(rate) : rate
    if (typeof sampleRate !== 'number') throw args.invalid('sample_rate', rate)
    const filter = args.text('filter_string') || null
    return { config: onlineShape(await scorers.setOnlineScoring(scope, ...of(args), { sampleRate, filter })) }
  })
}
