import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  { path: '/inbox', load: () => import('./inbox-page.tsx'), nav: 'inbox', crumbs: () => [{ label: 'Inbox' }] },
  {
    path: '/inbox/$item',
    load: () => import('./inbox-page.tsx'),
    nav: 'inbox',
    crumbs: () => [{ label: 'Inbox', href: '/inbox' }, { label: 'Decision' }],
  },
]
