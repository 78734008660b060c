import { list, number, oneOf, text } from '../../shell/search-state.ts'

/** What the address of an experiment keeps. */
export const experimentShape = {
  filter: text(),
  sort: text('-start_time'),
  cols: list(),
  sel: list(),
  view: oneOf(['active', 'archived', 'deleted'], 'active'),
  group: list(),
  show: oneOf(['table', 'panels'], 'table'),
  charts: oneOf(['on', 'off'], 'on'),
  /** Which charts stand above the table. */
  chart: oneOf(['usual', 'parallel', 'importance'], 'usual'),
  x: text(),
  y: text(),
  curve: text(),
  /** Axes of the parallel coordinates, and what is marked on them. */
  axes: list(),
  brush: list(),
  base: text(),
  pins: list(),
  /** Of the panels: which metrics, how smooth, over what, zoomed to which steps, which sections are folded. */
  find: text(),
  smooth: number(),
  across: oneOf(['step', 'time'], 'step'),
  from: number(),
  to: number(),
  folded: list(),
}

/** What a saved view keeps beside filter, sort, columns and grouping, as the address writes it. */
const layoutKeys = [
  'show',
  'charts',
  'chart',
  'x',
  'y',
  'curve',
  'axes',
  'brush',
  'find',
  'smooth',
  'across',
  'folded',
] as const

/** The charts and panels of the page as a saved view keeps them. */
export function layoutOf(view: Readonly<Record<(typeof layoutKeys)[number], unknown>>): Record<string, string> {
  return Object.fromEntries(
    layoutKeys.flatMap((key) => {
      const written = experimentShape[key].write(view[key] as never)
      return written === undefined ? [] : [[key, written]]
    }),
  )
}

/** The page's state from what a view kept; what it does not name is as usual. */
export function readLayout(layout: Readonly<Record<string, string>>) {
  return Object.fromEntries(layoutKeys.map((key) => [key, experimentShape[key].read(layout[key])]))
}
