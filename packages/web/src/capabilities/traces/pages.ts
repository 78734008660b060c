import type { PageSpec } from '../../shell/page-spec.ts'

const experiments = { label: 'Experiments', href: '/experiments' }

export const pages: readonly PageSpec[] = [
  {
    path: '/traces',
    load: () => import('./traces-page.tsx'),
    nav: 'experiments',
    crumbs: () => [experiments, { label: 'Traces' }],
  },
  {
    path: '/traces/$trace',
    load: () => import('./trace-page.tsx'),
    nav: 'experiments',
    crumbs: ({ trace }) => [
      experiments,
      { label: 'Traces', href: '/traces' },
      { label: `trace ${(trace ?? '').replace(/^tr-/, '').slice(0, 8)}` },
    ],
  },
]
