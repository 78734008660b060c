import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/reports',
    load: () => import('./reports-page.tsx'),
    nav: 'reports',
    crumbs: () => [{ label: 'Reports' }],
  },
  {
    path: '/reports/$report',
    load: () => import('./report-page.tsx'),
    nav: 'reports',
    crumbs: ({ report = '' }) => [
      { label: 'Reports', href: '/reports' },
      { label: 'Report', of: { kind: 'report', id: report } },
    ],
  },
]
