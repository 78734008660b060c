import type { PageSpec } from '../../shell/page-spec.ts'

const experiments = { label: 'Experiments', href: '/experiments' }

export const pages: readonly PageSpec[] = [
  {
    path: '/experiments/$experiment/frontier',
    load: () => import('./frontier-page.tsx'),
    nav: 'experiments',
    crumbs: ({ experiment = '' }) => [
      experiments,
      {
        label: experiment,
        href: `/experiments/${encodeURIComponent(experiment)}`,
        of: { kind: 'experiment', id: experiment },
      },
      { label: 'Frontier' },
    ],
  },
  {
    path: '/baselines/$baseline',
    load: () => import('./baseline-page.tsx'),
    nav: 'experiments',
    crumbs: () => [experiments, { label: 'Published baseline' }],
  },
  {
    path: '/models/$model/frontier',
    load: () => import('./model-frontier-page.tsx'),
    nav: 'models',
    crumbs: ({ model }) => [
      { label: 'Models', href: '/models' },
      { label: model ?? '', href: `/models/${encodeURIComponent(model ?? '')}` },
      { label: 'Frontier' },
    ],
  },
  {
    path: '/velocity',
    load: () => import('./velocity-page.tsx'),
    nav: 'experiments',
    crumbs: () => [experiments, { label: 'Velocity' }],
  },
]
