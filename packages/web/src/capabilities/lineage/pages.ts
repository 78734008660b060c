import type { PageSpec } from '../../shell/page-spec.ts'
import { parseUrn } from '../../ui/entity-url.ts'

export const pages: readonly PageSpec[] = [
  { path: '/lineage', load: () => import('./lineage-page.tsx'), nav: 'lineage', crumbs: () => [{ label: 'Lineage' }] },
  {
    path: '/lineage/$id',
    load: () => import('./lineage-page.tsx'),
    nav: 'lineage',
    crumbs: ({ id = '' }) => [{ label: 'Lineage', href: '/lineage' }, { label: parseUrn(id)?.name ?? id }],
  },
]
