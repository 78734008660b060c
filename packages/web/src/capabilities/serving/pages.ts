import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/deployments',
    load: () => import('./deployments-page.tsx'),
    nav: 'deployments',
    crumbs: () => [{ label: 'Deployments' }],
  },
  {
    path: '/deployments/$deployment',
    load: () => import('./deployment-page.tsx'),
    nav: 'deployments',
    crumbs: ({ deployment }) => [{ label: 'Deployments', href: '/deployments' }, { label: deployment ?? '' }],
  },
  {
    path: '/predictions/$prediction',
    load: () => import('./prediction-page.tsx'),
    nav: 'deployments',
    crumbs: ({ prediction }) => {
      const [deployment = '', id = ''] = (prediction ?? '').split(/:(.*)/s)
      return [
        { label: 'Deployments', href: '/deployments' },
        { label: deployment, href: `/deployments/${encodeURIComponent(deployment)}` },
        { label: `prediction ${id}` },
      ]
    },
  },
]
