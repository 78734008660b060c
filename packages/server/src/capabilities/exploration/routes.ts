import {
  addBaseline,
  addIdea,
  changeIdea,
  confirmRunDraft,
  explainMetric,
  getBaseline,
  getCodeForks,
  getFrontier,
  getRunDrafts,
  getVelocity,
  judgeBaselines,
  linkIdeaRuns,
  linkReproductions,
  listBaselines,
  listIdeas,
  listRunDrafts,
  recordCodeForks,
  reopenRunDraft,
  retireBaseline,
} from '@trivium/contract'
import type { FastifyReply } from 'fastify'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Exploration } from './exploration.ts'

/** The routes of exploration. What reads many runs is finished on a reader thread. */
export function explorationRoutes(app: Http, exploration: Exploration): void {
  mount(app, confirmRunDraft, 200, ({ scope, params, body }) =>
    exploration.confirm(scope, { run: params.run, of: params.of, digest: body.digest, text: body.text }),
  )
  mount(app, reopenRunDraft, 204, async ({ scope, params }) => {
    await exploration.reopen(scope, params)
    return null
  })
  mount(app, listIdeas, 200, async ({ scope, params }) => ({
    ideas: await exploration.ideas(scope, params.experiment),
  }))
  mount(app, addIdea, 201, ({ scope, params, body }) =>
    exploration.addIdea(scope, {
      experiment: params.experiment,
      title: body.title,
      hypothesis: body.hypothesis ?? '',
      source: body.source ?? '',
    }),
  )
  mount(app, changeIdea, 200, ({ scope, params, body }) => exploration.changeIdea(scope, params.idea, body))
  mount(app, linkIdeaRuns, 200, ({ scope, params, body }) =>
    exploration.linkRuns(scope, params.idea, { runs: body.runs, linked: body.linked ?? true }),
  )
  mount(app, listBaselines, 200, async ({ scope, params, query }) => ({
    baselines: await exploration.baselines(scope, params.experiment, query.retired ?? false),
  }))
  mount(app, addBaseline, 201, ({ scope, params, body }) => exploration.addBaseline(scope, params.experiment, body))
  mount(app, retireBaseline, 200, ({ scope, params, body }) =>
    exploration.retireBaseline(scope, params.baseline, { retired: body.retired, reason: body.reason ?? '' }),
  )
  mount(app, linkReproductions, 200, ({ scope, params, body }) =>
    exploration.linkReproductions(scope, params.baseline, { runs: body.runs, linked: body.linked ?? true }),
  )
  mount(app, recordCodeForks, 204, async ({ scope, params, body }) => {
    await exploration.recordCodeForks(scope, params.experiment, body)
    return null
  })
  app.register(async (plain: Http) => {
    plain.setSerializerCompiler(() => (payload: unknown) => payload as string)
    mount(plain, getRunDrafts, 200, async ({ scope, params, reply }) =>
      finished(reply, await exploration.drafts(scope, params.run)),
    )
    mount(plain, listRunDrafts, 200, async ({ scope, params, query, reply }) =>
      finished(
        reply,
        await exploration.listDrafts(scope, {
          experiment: params.experiment,
          state: query.state ?? 'open',
          limit: query.limit ?? 20,
          token: query.page_token,
        }),
      ),
    )
    mount(plain, getFrontier, 200, async ({ scope, query, reply }) =>
      finished(
        reply,
        await exploration.frontier(scope, {
          experiment: query.experiment,
          model: query.model,
          metric: query.metric,
          direction: query.direction,
        }),
      ),
    )
    mount(plain, getCodeForks, 200, async ({ scope, params, query, reply }) =>
      finished(
        reply,
        await exploration.codeForks(scope, {
          experiment: params.experiment,
          metric: query.metric,
          direction: query.direction,
        }),
      ),
    )
    mount(plain, getBaseline, 200, async ({ scope, params, reply }) =>
      finished(reply, await exploration.baseline(scope, params.baseline)),
    )
    mount(plain, judgeBaselines, 200, async ({ scope, query, reply }) =>
      finished(
        reply,
        await exploration.judgeBaselines(
          scope,
          query.runs.split(',').flatMap((id) => (id.trim() === '' ? [] : [id.trim()])),
        ),
      ),
    )
    mount(plain, getVelocity, 200, async ({ scope, query, reply }) =>
      finished(reply, await exploration.velocity(scope, query.weeks ?? 12)),
    )
    mount(plain, explainMetric, 200, async ({ scope, params, query, reply }) =>
      finished(
        reply,
        await exploration.explain(scope, {
          experiment: params.experiment,
          metric: query.metric,
          direction: query.direction,
          filter: query.filter,
        }),
      ),
    )
  })
}

/** Bytes that are JSON already: typed as the answer of the route, sent as they are. */
function finished(reply: FastifyReply, bytes: Uint8Array): never {
  void reply.header('content-type', 'application/json; charset=utf-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never
}
