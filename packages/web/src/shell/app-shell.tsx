import { Outlet, useRouter, useRouterState } from '@tanstack/react-router'
import { getWatermark, streamEvents } from '@trivium/contract'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { BreakGlassBanner } from '../capabilities/access/break-glass-banner.tsx'
import { WhoMay } from '../capabilities/access/who-may.tsx'
import { DataProvider, useClient } from '../data/data-context.tsx'
import { createLive } from '../data/live.ts'
import { openStream } from '../data/open-stream.ts'
import { useContractQuery } from '../data/contract-query.ts'
import { useSession } from '../data/session.ts'
import { useLiveStatus } from '../data/use-live.ts'
import { toggleColorMode } from '../ui/color-mode.ts'
import type { EntityKey } from '../ui/entity-kinds.ts'
import { UiEnvironmentProvider } from '../ui/environment.tsx'
import { neighbour } from '../ui/list-walk.ts'
import { Loading } from '../ui/page-states.tsx'
import { type Shortcut, useShortcuts } from '../ui/shortcuts.ts'
import { useToasts } from '../ui/undo-toast.tsx'
import { EntityPeek } from './entity-peek.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { FindBox } from './find-box.tsx'
import { KeyboardHelp } from './keyboard-help.tsx'
import { useNavMarks } from './nav-marks.ts'
import { navigation } from './navigation.ts'
import { PageActionsProvider } from './page-actions.tsx'
import type { PageSpec } from './page-spec.ts'
import { useNamedCrumbs } from './use-named-crumbs.ts'
import { builtItems } from './pages.ts'
import { rememberProject } from './project-switcher.tsx'
import { ShellFrame } from './shell-frame.tsx'
import { usePageParams } from './use-page-params.ts'

/** Everything around the pages of a project; opens its live connection. */
export function ProjectShell() {
  const { project } = usePageParams()
  const client = useClient()
  const queryClient = useQueryClient()
  const live = useMemo(
    () =>
      createLive({
        url: (query) => client.url(streamEvents, { params: { project }, query }),
        queryClient,
        open: openStream,
        visibility: document,
      }),
    [project, client, queryClient],
  )
  useEffect(() => live.start(), [live])
  useEffect(() => rememberProject(project), [project])
  return (
    <DataProvider client={client} queryClient={queryClient} live={live}>
      <PageActionsProvider>
        <Frame project={project} />
      </PageActionsProvider>
    </DataProvider>
  )
}

function Frame({ project }: { readonly project: string }) {
  const router = useRouter()
  const session = useSession()
  const watermark = useContractQuery(getWatermark, { params: { project } })
  const live = useLiveStatus()
  const marks = useNavMarks(project)
  const [finding, setFinding] = useState(false)
  const [keys, setKeys] = useState(false)
  const toasts = useToasts()
  const match = useRouterState({ select: (state) => state.matches.at(-1) })
  const spec = (match?.staticData as { spec?: PageSpec } | undefined)?.spec
  const params = (match?.params ?? {}) as Record<string, string>
  const crumbs = useNamedCrumbs(project, spec?.crumbs(params) ?? [])
  const pathname = useRouterState({ select: (state) => state.location.pathname })
  const replayAt = watermark.data?.mode === 'replay' ? watermark.data.at : undefined
  const principal = session.data
  const reader = useMemo(() => (principal ? { id: principal.id, name: principal.name } : undefined), [principal])

  const renderPeek = useCallback((entity: EntityKey) => <EntityPeek entity={entity} project={project} />, [project])

  const renderWhoMay = useCallback((kind: string) => <WhoMay kind={kind} project={project} />, [project])

  const go = (path: string) => router.history.push(`/p/${encodeURIComponent(project)}${path}`)
  const walk = (step: 1 | -1) => {
    const next = neighbour(router.history.location.pathname, step)
    if (next) router.history.push(next)
  }
  useShortcuts(
    [
      { keys: 'mod+k', what: 'Find or jump to', group: 'Everywhere', run: () => setFinding(true), everywhere: true },
      { keys: '/', what: 'Find or jump to', group: 'Everywhere', run: () => setFinding(true) },
      { keys: '?', what: 'All keys of this page', group: 'Everywhere', run: () => setKeys(true) },
      { keys: 't', what: 'Light or dark', group: 'Everywhere', run: toggleColorMode },
      {
        keys: 'y',
        what: 'Copy the link of this page',
        group: 'Everywhere',
        run: () => void navigator.clipboard?.writeText(location.href).then(() => toasts.say('Link copied.')),
      },
      { keys: '[', what: 'Previous of the list', group: 'Everywhere', run: () => walk(-1) },
      { keys: ']', what: 'Next of the list', group: 'Everywhere', run: () => walk(1) },
      ...navigation
        .flatMap((group) => group.items)
        .flatMap((item): Shortcut[] =>
          item.key && builtItems.has(item.id)
            ? [{ keys: `g ${item.key}`, what: item.label, group: 'Go to', run: () => go(item.path) }]
            : [],
        ),
    ],
    'shell',
  )

  return (
    <UiEnvironmentProvider
      project={project}
      eventNow={replayAt}
      zone={replayAt === undefined ? undefined : 'UTC'}
      reader={reader}
      renderPeek={renderPeek}
      renderWhoMay={renderWhoMay}
    >
      <ShellFrame
        project={project}
        projects={(session.data?.projects ?? []).map((one) => ({
          name: one.name,
          note: one.title === one.name ? undefined : one.title,
        }))}
        current={spec?.nav}
        built={builtItems}
        marks={marks}
        person={principal?.name}
        onFind={() => setFinding(true)}
        crumbs={crumbs}
        live={live}
        replayAt={replayAt}
        fills={spec?.fills}
      >
        <BreakGlassBanner project={project} />
        <ErrorBoundary resetKey={pathname}>
          <Suspense fallback={<Loading what="Loading the page." shape="text" />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </ShellFrame>
      <FindBox opened={finding} onClose={() => setFinding(false)} project={project} />
      <KeyboardHelp opened={keys} onClose={() => setKeys(false)} />
    </UiEnvironmentProvider>
  )
}
