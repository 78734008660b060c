import type { PageSpec } from '../../shell/page-spec.ts'

const experiments = { label: 'Experiments', href: '/experiments' }

export const pages: readonly PageSpec[] = [
  {
    path: '/experiments',
    load: () => import('./experiments-page.tsx'),
    nav: 'experiments',
    crumbs: () => [{ label: 'Experiments' }],
  },
  {
    path: '/experiments/$experiment',
    load: () => import('./experiment-page.tsx'),
    nav: 'experiments',
    crumbs: ({ experiment = '' }) => [experiments, { label: experiment, of: { kind: 'experiment', id: experiment } }],
  },
  {
    path: '/runs/compare',
    load: () => import('./compare-page.tsx'),
    nav: 'experiments',
    crumbs: () => [experiments, { label: 'Compare' }],
  },
  {
    path: '/runs/$run',
    load: () => import('./run-page.tsx'),
    nav: 'experiments',
    crumbs: ({ run = '' }) => [experiments, { label: `run ${run.slice(0, 8)}`, of: { kind: 'run', id: run } }],
  },
]
