import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/features',
    load: () => import('./features-page.tsx'),
    nav: 'features',
    crumbs: () => [{ label: 'Features' }],
  },
  {
    path: '/features/$view',
    load: () => import('./feature-view-page.tsx'),
    nav: 'features',
    crumbs: ({ view }) => [{ label: 'Features', href: '/features' }, { label: view ?? '' }],
  },
]
