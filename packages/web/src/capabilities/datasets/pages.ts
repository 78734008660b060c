import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/datasets',
    load: () => import('./datasets-page.tsx'),
    nav: 'datasets',
    crumbs: () => [{ label: 'Datasets' }],
  },
  {
    path: '/datasets/$dataset',
    load: () => import('./dataset-page.tsx'),
    nav: 'datasets',
    crumbs: ({ dataset }) => [{ label: 'Datasets', href: '/datasets' }, { label: dataset ?? '' }],
  },
  {
    path: '/datasets/$dataset/versions/$version',
    load: () => import('./dataset-page.tsx'),
    nav: 'datasets',
    crumbs: ({ dataset, version }) => [
      { label: 'Datasets', href: '/datasets' },
      { label: dataset ?? '', href: `/datasets/${encodeURIComponent(dataset ?? '')}` },
      { label: `v${version}` },
    ],
  },
]
