import {
  deployModel,
  getDeployment,
  getRelease,
  getRestorePoint,
  listDeployments,
  listReleases,
  restoreDeployment,
  setDeploymentLimit,
  retireDeployment,
  rollBackDeployment,
  tryDeployment,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Serving } from './serving.ts'

/** Deployments and releases over HTTP. The prediction routes themselves are the gateway's; `forwardRoutes` passes them on. */
export function servingRoutes(app: Http, serving: Serving): void {
  mount(app, listDeployments, 200, async ({ scope, query }) => ({
    deployments: await serving.list(scope, { retired: query.retired ?? false }),
  }))
  mount(app, getDeployment, 200, ({ scope, params }) => serving.get(scope, params.deployment))
  mount(app, deployModel, 201, ({ scope, body }) => serving.deploy(scope, body))
  mount(app, rollBackDeployment, 200, ({ scope, params, body }) => serving.rollBack(scope, params.deployment, body))
  mount(app, getRestorePoint, 200, ({ scope, params }) => serving.restorePoint(scope, params.deployment))
  mount(app, restoreDeployment, 200, ({ scope, params, body }) => serving.restore(scope, params.deployment, body))
  mount(app, setDeploymentLimit, 200, ({ scope, params, body }) =>
    serving.setLimit(scope, params.deployment, body.requestsPerMinute),
  )
  mount(app, retireDeployment, 204, async ({ scope, params }) => {
    await serving.retire(scope, params.deployment)
    return null
  })
  mount(app, listReleases, 200, async ({ scope, params }) => ({
    releases: await serving.releases(scope, params.deployment),
  }))
  mount(app, getRelease, 200, ({ scope, params }) => serving.release(scope, params.release))
  mount(app, tryDeployment, 200, ({ scope, params, body }) => serving.tryOut(scope, params.deployment, body))
}
