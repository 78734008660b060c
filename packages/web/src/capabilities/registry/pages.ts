import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  { path: '/models', load: () => import('./models-page.tsx'), nav: 'models', crumbs: () => [{ label: 'Models' }] },
  {
    path: '/release-cycles',
    load: () => import('./release-cycles-page.tsx'),
    nav: 'models',
    crumbs: () => [{ label: 'Models', href: '/models' }, { label: 'Release cycles' }],
  },
  {
    path: '/models/$model',
    load: () => import('./model-page.tsx'),
    nav: 'models',
    crumbs: ({ model }) => [{ label: 'Models', href: '/models' }, { label: model ?? '' }],
  },
  {
    path: '/models/$model/versions/$version',
    load: () => import('./model-version-page.tsx'),
    nav: 'models',
    crumbs: ({ model, version }) => [
      { label: 'Models', href: '/models' },
      { label: model ?? '', href: `/models/${encodeURIComponent(model ?? '')}` },
      { label: `v${version}` },
    ],
  },
]
