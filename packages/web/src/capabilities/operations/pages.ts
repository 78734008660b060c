import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/alerts',
    load: () => import('./alerts-page.tsx'),
    nav: 'alerts',
    crumbs: () => [{ label: 'Alerts' }],
  },
  {
    path: '/alerts/$alert',
    load: () => import('./alert-page.tsx'),
    nav: 'alerts',
    crumbs: ({ alert }) => [{ label: 'Alerts', href: '/alerts' }, { label: shortId(alert ?? '') }],
  },
]

const shortId = (id: string) => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id)
