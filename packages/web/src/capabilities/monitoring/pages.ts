import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/monitors',
    load: () => import('./monitors-page.tsx'),
    nav: 'monitors',
    crumbs: () => [{ label: 'Monitors' }],
  },
  {
    path: '/monitors/$monitor',
    load: () => import('./monitor-page.tsx'),
    nav: 'monitors',
    crumbs: ({ monitor }) => [{ label: 'Monitors', href: '/monitors' }, { label: monitor ?? '' }],
  },
]
