import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/settings',
    load: () => import('./settings-page.tsx'),
    nav: 'settings',
    crumbs: () => [{ label: 'Settings' }],
  },
]
