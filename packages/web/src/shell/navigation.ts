import type { Icon } from '@tabler/icons-react'
import {
  IconActivity,
  IconBell,
  IconBox,
  IconChecklist,
  IconColumns3,
  IconDatabase,
  IconFlask2,
  IconHierarchy2,
  IconHome,
  IconInbox,
  IconReport,
  IconSchema,
  IconServerBolt,
  IconSettings,
} from '../ui/icons.ts'
import type { NavId } from './page-spec.ts'

/** An item of the sidebar. */
export interface NavItem {
  readonly id: NavId
  readonly label: string
  /** Below the project. */
  readonly path: string
  readonly icon: Icon
  /** After `G`. */
  readonly key?: string
}

/** Items along the loop. */
export interface NavGroup {
  readonly label?: string
  readonly items: readonly NavItem[]
}

/** The sidebar, in order. */
export const navigation: readonly NavGroup[] = [
  {
    items: [
      { id: 'home', label: 'Home', path: '', icon: IconHome, key: 'h' },
      { id: 'inbox', label: 'Inbox', path: '/inbox', icon: IconInbox, key: 'i' },
    ],
  },
  {
    label: 'Data',
    items: [
      { id: 'datasets', label: 'Datasets', path: '/datasets', icon: IconDatabase, key: 'd' },
      { id: 'features', label: 'Features', path: '/features', icon: IconColumns3 },
    ],
  },
  {
    label: 'Build',
    items: [
      { id: 'experiments', label: 'Experiments', path: '/experiments', icon: IconFlask2, key: 'e' },
      { id: 'pipelines', label: 'Pipelines', path: '/pipelines', icon: IconSchema, key: 'p' },
      { id: 'evaluations', label: 'Evaluation', path: '/evaluations', icon: IconChecklist },
      { id: 'reports', label: 'Reports', path: '/reports', icon: IconReport },
    ],
  },
  {
    label: 'Release',
    items: [
      { id: 'models', label: 'Models', path: '/models', icon: IconBox, key: 'm' },
      { id: 'deployments', label: 'Deployments', path: '/deployments', icon: IconServerBolt },
    ],
  },
  {
    label: 'Watch',
    items: [
      { id: 'monitors', label: 'Monitors', path: '/monitors', icon: IconActivity, key: 'v' },
      { id: 'alerts', label: 'Alerts', path: '/alerts', icon: IconBell },
    ],
  },
  { label: 'Trace', items: [{ id: 'lineage', label: 'Lineage', path: '/lineage', icon: IconHierarchy2, key: 'l' }] },
]

/** At the foot of the sidebar. */
export const settingsItem: NavItem = { id: 'settings', label: 'Settings', path: '/settings', icon: IconSettings }
