import { useState } from 'react'
import { useColorMode } from '../ui/color-mode.ts'
import { UiEnvironmentProvider } from '../ui/environment.tsx'
import { IconBox, IconFlask2, IconSearch, IconServerBolt, IconTerminal2 } from '../ui/icons.ts'
import { Loading } from '../ui/page-states.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { toggleColorMode } from '../ui/color-mode.ts'
import { useShortcuts } from '../ui/shortcuts.ts'
import { Segmented } from '../ui/button.tsx'
import { FindInput, FindRows, type FindRow } from '../shell/find-box.tsx'
import { KeyboardHelp } from '../shell/keyboard-help.tsx'
import type { NavId } from '../shell/page-spec.ts'
import { oneOf, text, useSearchState } from '../shell/search-state.ts'
import { ShellFrame } from '../shell/shell-frame.tsx'
import { ChartStories } from './chart-stories.tsx'
import { DetailStory } from './detail-story.tsx'
import { GraphStories } from './graph-stories.tsx'
import { PartStories } from './part-stories.tsx'
import { Story } from './story.tsx'
import { storyNow } from './story-data.ts'
import { TableStories } from './table-stories.tsx'

const all = new Set<NavId>([
  'home',
  'inbox',
  'datasets',
  'features',
  'experiments',
  'pipelines',
  'evaluations',
  'models',
  'deployments',
  'monitors',
  'alerts',
  'lineage',
  'settings',
])
const pageNames = ['parts', 'charts', 'graphs', 'table', 'many', 'detail', 'find'] as const
const view = { page: oneOf(pageNames, 'parts'), run: text() }

const rows: FindRow[] = [
  {
    key: '1',
    icon: <IconBox className="ic s" />,
    label: 'arrival-delay',
    version: 'v4',
    note: 'challenger',
    kind: 'model',
    go: () => undefined,
  },
  {
    key: '2',
    icon: <IconServerBolt className="ic s" />,
    label: 'arrival-delay-prod',
    note: 'canary 10 %',
    kind: 'deployment',
    go: () => undefined,
  },
  {
    key: '3',
    icon: <IconFlask2 className="ic s" />,
    label: 'arrival-delay',
    note: '48 runs',
    kind: 'experiment',
    go: () => undefined,
  },
  {
    key: '4',
    icon: <IconTerminal2 className="ic s" />,
    label: 'Roll back arrival-delay-prod to v3',
    note: 'asks first',
    kind: 'action',
    go: () => undefined,
  },
  {
    key: '5',
    icon: <IconSearch className="ic s" />,
    label: 'Search values for “arrival”',
    note: '35 hits',
    kind: 'everywhere',
    go: () => undefined,
  },
]

/** Every part and chart in its states; only in development. */
export function StoriesPage() {
  const [{ page }, set] = useSearchState(view)
  const [keys, setKeys] = useState(false)
  useColorMode()
  useShortcuts(
    [
      { keys: 't', what: 'Light or dark', group: 'Everywhere', run: toggleColorMode },
      { keys: '?', what: 'All keys of this page', group: 'Everywhere', run: () => setKeys(true) },
    ],
    'shell',
  )
  const detail = page === 'detail' || page === 'table' || page === 'many'
  return (
    <UiEnvironmentProvider
      project="flight-delays"
      zone="UTC"
      eventNow={storyNow}
      reader={{ id: 'me', name: 'maintainer-1' }}
    >
      <ShellFrame
        project="flight-delays"
        projects={[
          { name: 'flight-delays', note: 'US flights, 2001' },
          { name: 'churn', note: 'Customer churn' },
          { name: 'default' },
        ]}
        current={page === 'detail' ? 'models' : page === 'table' || page === 'many' ? 'experiments' : undefined}
        built={all}
        marks={{
          inbox: { count: 3, label: '3 wait for you' },
          pipelines: { state: 'run', label: '1 running' },
          monitors: { state: 'warn', label: '1 needs attention' },
          alerts: { state: 'warn', count: 1, label: '1 open' },
        }}
        person="maintainer-1"
        onFind={() => set({ page: 'find' })}
        crumbs={
          detail
            ? [{ label: page === 'detail' ? 'Models' : 'Experiments', href: '/models' }, { label: 'arrival-delay' }]
            : [{ label: 'Stories' }]
        }
        live={{ state: 'live', since: undefined }}
        replayAt={storyNow}
      >
        {!detail && (
          <PageHeader
            title="States and parts"
            note="reference page, not in the product"
            actions={
              <Segmented
                label="Stories"
                options={pageNames.map((name) => ({ value: name, label: name }))}
                value={page}
                onChange={(next) => set({ page: next })}
              />
            }
          />
        )}
        <div className={detail ? 'stack' : 'mt-24'} style={detail ? { flex: '1 0 auto' } : undefined}>
          {page === 'parts' && <PartStories />}
          {page === 'charts' && <ChartStories />}
          {page === 'graphs' && <GraphStories />}
          {page === 'table' && <TableStories />}
          {page === 'many' && <TableStories many />}
          {page === 'detail' && <DetailStory />}
          {page === 'find' && (
            <div className="cols-3">
              <Story title="Find or jump to" note="things first, then actions, then text">
                <div className="dialog palette">
                  <FindInput
                    value="arrival"
                    rows={rows}
                    active={0}
                    onChange={() => undefined}
                    onKeyDown={() => undefined}
                  />
                  <FindRows rows={rows} active={0} onActive={() => undefined} onChoose={() => undefined} />
                </div>
              </Story>
              <Story title="Loading, live">
                <Loading what="Reading 3.1 M predictions." />
              </Story>
              <Story title="Loading, chart">
                <Loading what="Reading the drift history." shape="chart" />
              </Story>
            </div>
          )}
        </div>
      </ShellFrame>
      <KeyboardHelp opened={keys} onClose={() => setKeys(false)} />
    </UiEnvironmentProvider>
  )
}
