import type { ComponentType } from 'react'

/** The items of the sidebar. */
export type NavId =
  | 'home'
  | 'inbox'
  | 'datasets'
  | 'features'
  | 'experiments'
  | 'pipelines'
  | 'evaluations'
  | 'reports'
  | 'models'
  | 'deployments'
  | 'monitors'
  | 'alerts'
  | 'lineage'
  | 'settings'

/** One part of the breadcrumb; the last has no link. */
export interface Crumb {
  readonly label: string
  readonly href?: string
  /** What `label` is the id of; its name stands there once it is read. */
  readonly of?: { readonly kind: 'experiment' | 'run' | 'report'; readonly id: string }
}

/** Parameters of the path, decoded. */
export type PathParams = Readonly<Record<string, string>>

/**
 * One page: where it is, what loads it, how it stands in the breadcrumb. A capability lists its pages in
 * `src/capabilities/NOUN/pages.ts` as `export const pages: readonly PageSpec[]`; the router finds them there.
 */
export interface PageSpec {
  /** Below `/p/$project`: `/models/$model/versions/$version`. */
  readonly path: string
  /** The module's `Page` component reads its parameters with `usePageParams`. */
  readonly load: () => Promise<{ readonly Page: ComponentType }>
  /** The sidebar item that is lit. */
  readonly nav: NavId
  /** The first is the collection: `[{ label: 'Models', href: '/models' }, …]`; hrefs are below the project. */
  readonly crumbs: (params: PathParams) => readonly Crumb[]
  /** The page fills the frame and scrolls its parts itself (inbox). */
  readonly fills?: boolean
}
