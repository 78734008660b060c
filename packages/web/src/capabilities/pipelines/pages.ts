import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/pipelines',
    load: () => import('./pipelines-page.tsx'),
    nav: 'pipelines',
    crumbs: () => [{ label: 'Pipelines' }],
  },
  {
    path: '/pipelines/$pipeline',
    load: () => import('./pipeline-page.tsx'),
    nav: 'pipelines',
    crumbs: ({ pipeline }) => [{ label: 'Pipelines', href: '/pipelines' }, { label: pipeline ?? '' }],
  },
  {
    path: '/pipelines/$pipeline/runs/$run',
    load: () => import('./pipeline-run-page.tsx'),
    nav: 'pipelines',
    crumbs: ({ pipeline, run }) => [
      { label: 'Pipelines', href: '/pipelines' },
      { label: pipeline ?? '', href: `/pipelines/${encodeURIComponent(pipeline ?? '')}` },
      { label: `run ${run?.slice(-6) ?? ''}` },
    ],
  },
  {
    path: '/pipeline-runs/$run',
    load: () => import('./pipeline-run-page.tsx'),
    nav: 'pipelines',
    crumbs: ({ run }) => [{ label: 'Pipelines', href: '/pipelines' }, { label: `run ${run?.slice(-6) ?? ''}` }],
  },
]
