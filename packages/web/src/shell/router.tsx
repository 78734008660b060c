import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import type { QueryClient } from '@tanstack/react-query'
import type { Client } from '@trivium/sdk'
import { contractQueryOptions } from '../data/contract-query.ts'
import { getSession } from '@trivium/contract'
import { BrokenStart } from './broken-start.tsx'
import { LoginPage } from './login-page.tsx'
import { NotFound } from './not-found.tsx'
import { pages } from './pages.ts'
import { recentProjects } from './project-switcher.tsx'
import { ProjectsPage } from './projects-page.tsx'
import { ProjectShell } from './app-shell.tsx'
import { parseSearch, stringifySearch } from './search-state.ts'

interface RouterDeps {
  readonly client: Client
  readonly queryClient: QueryClient
}

/** The MLflow client prints links such as `/#/experiments/3/runs/4f1c…`; they lead to the page of the same thing here. */
function mlflowLink(hash: string): string {
  const found = /^#\/experiments\/([^/?]+)(?:\/runs\/([^/?]+))?/.exec(hash)
  if (!found) return ''
  return found[2] === undefined ? `/experiments/${found[1]}` : `/runs/${found[2]}`
}

/** The addresses of the app. Pages come from the capabilities' `pages.ts`. */
export function createAppRouter({ client, queryClient }: RouterDeps) {
  const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: BrokenStart })
  const start = createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: async () => {
      const { projects, homeProject } = await queryClient.ensureQueryData(contractQueryOptions(client, getSession, {}))
      const linked = mlflowLink(window.location.hash)
      const names = projects.map((project) => project.name)
      const open =
        recentProjects().find((name) => names.includes(name)) ?? (names.includes(homeProject) ? homeProject : names[0])
      // oxlint-disable-next-line typescript/only-throw-error -- the router's way to go elsewhere
      throw redirect({ href: open ? `/p/${encodeURIComponent(open)}${linked}` : '/projects', replace: true })
    },
  })
  const login = createRoute({ getParentRoute: () => root, path: '/login', component: LoginPage })
  const projects = createRoute({ getParentRoute: () => root, path: '/projects', component: ProjectsPage })
  const project = createRoute({
    getParentRoute: () => root,
    path: '/p/$project',
    component: ProjectShell,
    notFoundComponent: NotFound,
  })
  const children = pages.map((spec) =>
    createRoute({
      getParentRoute: () => project,
      path: spec.path === '' ? '/' : spec.path,
      component: lazyRouteComponent(spec.load, 'Page'),
      staticData: { spec },
    }),
  )
  const stories = import.meta.env.DEV
    ? [
        createRoute({
          getParentRoute: () => root,
          path: '/dev/stories',
          component: lazyRouteComponent(() => import('../stories/stories-page.tsx'), 'StoriesPage'),
        }),
      ]
    : []
  return createRouter({
    routeTree: root.addChildren([start, login, projects, project.addChildren(children), ...stories]),
    parseSearch,
    stringifySearch,
    defaultPreload: false,
    scrollRestoration: true,
    defaultPendingMs: 100_000,
    defaultNotFoundComponent: NotFound,
  })
}
