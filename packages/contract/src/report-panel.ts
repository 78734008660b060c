/** What a panel of a report shows. */
export const panelKinds = [
  'table',
  'curves',
  'scatter',
  'parallel',
  'importance',
  'number',
  'notes',
  'baselines',
] as const
export type PanelKind = (typeof panelKinds)[number]

/** What a number panel says: how many runs, the mean with its interval, or the best run of a metric. */
export const panelStatistics = ['count', 'mean', 'max', 'min'] as const

/** A panel as a report writes it: which runs, and how they are shown. */
export interface PanelSpec {
  readonly kind: PanelKind
  readonly title: string
  /** Name or id of an experiment; empty is every experiment of the project. */
  readonly experiment: string
  /** Name of a shared saved view of runs, whose filter, order and columns hold where the panel says nothing else. */
  readonly view: string
  readonly filter: string
  /** As saved views write it: `-metrics.auc`. */
  readonly sort: string
  readonly columns: readonly string[]
  readonly metrics: readonly string[]
  readonly x: string
  readonly y: string
  readonly limit: number
  readonly statistic: (typeof panelStatistics)[number]
}

const texts = ['title', 'experiment', 'view', 'filter', 'sort', 'x', 'y'] as const
const lists = ['columns', 'metrics'] as const
const most: Record<PanelKind, number> = {
  table: 100,
  curves: 20,
  scatter: 1000,
  parallel: 500,
  importance: 12,
  number: 1,
  notes: 20,
  baselines: 20,
}
const usual: Record<PanelKind, number> = {
  table: 10,
  curves: 8,
  scatter: 500,
  parallel: 200,
  importance: 8,
  number: 1,
  notes: 5,
  baselines: 5,
}

/**
 * Reads the text of a fenced block `panel`: one `key: value` a line, as in `kind: scatter`, `experiment: arrival-delay`, `x: params.depth`, `y: metrics.auc`.
 * Answers words for whoever writes it where it is wrong.
 */
export function parsePanel(text: string): { panel: PanelSpec } | { error: string } {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    const plain = line.trim()
    if (plain === '' || plain.startsWith('#')) continue
    const colon = plain.indexOf(':')
    const key = plain.slice(0, Math.max(0, colon)).trim()
    if (colon < 0) return { error: `"${plain.slice(0, 60)}" is no line of a panel. Lines look like kind: table.` }
    if (![...texts, ...lists, 'kind', 'limit', 'statistic'].includes(key))
      return { error: `A panel has no "${key}". It has kind, ${[...texts, ...lists].join(', ')}, limit and statistic.` }
    if (found.has(key)) return { error: `"${key}" is said twice.` }
    found.set(key, plain.slice(colon + 1).trim())
  }
  const kind = panelKinds.find((one) => one === found.get('kind'))
  if (!kind) return { error: `kind says what the panel shows: ${panelKinds.join(', ')}.` }
  const statistic = panelStatistics.find((one) => one === (found.get('statistic') ?? 'count'))
  if (!statistic) return { error: `statistic is one of ${panelStatistics.join(', ')}.` }
  const limit = Number(found.get('limit') ?? usual[kind])
  if (!Number.isInteger(limit) || limit < 1 || limit > most[kind])
    return { error: `limit is a whole number from 1 to ${most[kind]}.` }
  const text_ = (key: string) => found.get(key) ?? ''
  const list = (key: string) =>
    text_(key)
      .split(',')
      .flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
  const panel: PanelSpec = {
    kind,
    title: text_('title').slice(0, 200),
    experiment: text_('experiment'),
    view: text_('view'),
    filter: text_('filter'),
    sort: text_('sort'),
    columns: list('columns').slice(0, 20),
    metrics: list('metrics')
      .map((key) => key.replace(/^metrics\./, ''))
      .slice(0, 6),
    x: text_('x'),
    y: text_('y'),
    limit,
    statistic,
  }
  const missing = missingIn(panel)
  return missing === undefined ? { panel } : { error: missing }
}

function missingIn(panel: PanelSpec): string | undefined {
  const { kind, metrics, columns, x, y, statistic } = panel
  if (kind === 'curves' && metrics.length === 0) return 'Curves need metrics: loss, val/loss.'
  if (kind === 'scatter' && (x === '' || y === '')) return 'A scatter needs x: params.depth and y: metrics.auc.'
  if (kind === 'parallel' && columns.length < 2) return 'Parallel coordinates need columns: two or more.'
  if (kind === 'importance' && metrics.length !== 1) return 'Importance needs one metric: metrics: auc.'
  if ((kind === 'importance' || kind === 'notes' || kind === 'baselines') && panel.experiment === '')
    return `A panel of ${kind} needs an experiment.`
  if (kind === 'number' && statistic !== 'count' && metrics.length !== 1)
    return `The ${statistic} needs one metric: metrics: auc.`
  return undefined
}
