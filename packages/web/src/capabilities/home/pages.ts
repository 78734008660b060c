import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  { path: '', load: () => import('./home-page.tsx'), nav: 'home', crumbs: () => [{ label: 'Home' }] },
]
