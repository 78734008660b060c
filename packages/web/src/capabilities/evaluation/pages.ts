import type { PageSpec } from '../../shell/page-spec.ts'

export const pages: readonly PageSpec[] = [
  {
    path: '/evaluations',
    load: () => import('./evaluations-page.tsx'),
    nav: 'evaluations',
    crumbs: () => [{ label: 'Evaluation' }],
  },
  {
    path: '/evaluations/$evaluation',
    load: () => import('./evaluation-page.tsx'),
    nav: 'evaluations',
    crumbs: ({ evaluation }) => [{ label: 'Evaluation', href: '/evaluations' }, { label: shortId(evaluation ?? '') }],
  },
]

const shortId = (id: string) => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id)
