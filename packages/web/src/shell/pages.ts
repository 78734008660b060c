import type { NavId, PageSpec } from './page-spec.ts'

const found = import.meta.glob<{ pages: readonly PageSpec[] }>('../capabilities/*/pages.ts', { eager: true })

/** All pages of all capabilities. */
export const pages: readonly PageSpec[] = Object.values(found).flatMap((module) => module.pages)

/** The sidebar items that have a page: an item appears once its capability is built. */
export const builtItems: ReadonlySet<NavId> = new Set(pages.map((page) => page.nav))
