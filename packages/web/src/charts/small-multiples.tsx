import { formatValue } from '../ui/value.tsx'
import { type ChartForm, seriesStroke } from './chart-types.ts'
import { linearScale } from './scale.ts'
import { linePath } from './svg-path.ts'
import { AppLink } from '../ui/app-link.tsx'
import { useWidth } from '../ui/use-width.ts'

/** One small chart. */
export interface SmallMultiple {
  readonly title: string
  readonly values: readonly (number | null)[]
  /** The one that matters is coloured, the others are neutral. */
  readonly attention?: boolean | undefined
  /** Where it is shown large; the whole chart leads there. */
  readonly href?: string | undefined
  /** It is what the page shows large now. */
  readonly current?: boolean | undefined
}

interface SmallMultiplesProps {
  readonly items: readonly SmallMultiple[]
  readonly form?: ChartForm
  readonly decimals?: number
  /** One scale for all; else what all of them span, from zero. */
  readonly domain?: readonly [number, number]
  /** Below this nothing matters: shaded. */
  readonly allowed?: number | undefined
  readonly columns?: number
}

/** The same chart for several things, on one scale. */
export function SmallMultiples({
  items,
  form = 'number',
  decimals = 2,
  domain,
  allowed,
  columns = 6,
}: SmallMultiplesProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const all = items.flatMap((item) => item.values).filter((value): value is number => value !== null)
  const range = domain ?? ([0, Math.max(allowed ?? 0, ...all, 1e-9) * 1.05] as const)
  const fit = Math.max(1, Math.min(columns, Math.floor((width + 24) / 160)))
  const cell = Math.floor((width - (fit - 1) * 24) / fit)
  const plot = Math.max(40, cell - 40)
  const y = linearScale(range, [72, 4])
  return (
    <div
      ref={attach}
      style={{ display: 'grid', gridTemplateColumns: `repeat(${fit}, minmax(0, 1fr))`, gap: '12px 24px' }}
    >
      {width > 0 &&
        items.map((item) => {
          const x = linearScale([0, Math.max(1, item.values.length - 1)], [0, plot])
          const last = item.values.findLast((value) => value !== null)
          const stroke = item.attention ? 'var(--warn-mark)' : seriesStroke('base')
          const result = `: ${typeof last === 'number' ? formatValue(last, form, decimals) : 'no values'}${item.attention ? ', attention' : ''}`
          const chart = (
            <>
              <div className="xs t2 trunc" title={item.title}>
                {item.title}
                {item.href !== undefined && <span className="sr-only">{result}</span>}
              </div>
              <svg className="c" width={cell} height="78" aria-hidden>
                {allowed !== undefined && (
                  <rect y={y(allowed)} width={plot} height={y(range[0]) - y(allowed)} fill="var(--sunken)" />
                )}
                <path
                  d={linePath(
                    item.values.map((value, index) => (value === null ? null : ([x(index), y(value)] as const))),
                  )}
                  fill="none"
                  stroke={stroke}
                  strokeWidth="1.3"
                  strokeLinejoin="round"
                />
                {typeof last === 'number' && (
                  <text x={plot + 4} y={y(last) + 4} style={{ fill: item.attention ? 'var(--warn)' : 'var(--text-3)' }}>
                    {formatValue(last, form, decimals)}
                  </text>
                )}
              </svg>
            </>
          )
          return item.href === undefined ? (
            <figure key={item.title} aria-label={`${item.title}${result}`}>
              {chart}
            </figure>
          ) : (
            <AppLink key={item.title} className="multiple" href={item.href} aria-current={item.current || undefined}>
              {chart}
            </AppLink>
          )
        })}
    </div>
  )
}
