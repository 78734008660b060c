import { formatSigned } from '../ui/format-number.ts'

interface ContributionsProps {
  readonly label: string
  /** What each input adds to or takes from the mean. */
  readonly items: readonly { readonly name: string; readonly value: number }[]
  readonly decimals?: number
}

/** Why a prediction is what it is: what pushed it up or down. Brown raises, blue lowers; length is the size. */
export function Contributions({ label, items, decimals = 3 }: ContributionsProps) {
  const most = Math.max(1e-12, ...items.map((item) => Math.abs(item.value)))
  const negative = items.some((item) => item.value < 0)
  const zero = negative ? 30 : 0
  return (
    <div className="contrib" role="list" aria-label={label}>
      {items.map((item) => {
        const size = (Math.abs(item.value) / most) * (item.value < 0 ? zero : 100 - zero)
        return (
          <div key={item.name} role="listitem" style={{ display: 'contents' }}>
            <span className="t2">{item.name}</span>
            <svg width="100%" height="14" aria-hidden>
              <rect
                x={`${item.value < 0 ? zero - size : zero}%`}
                y="3"
                width={`${Math.max(0.8, size)}%`}
                height="8"
                fill={item.value < 0 ? 'var(--div-pos2)' : 'var(--div-neg2)'}
              />
              <line x1={`${zero}%`} x2={`${zero}%`} y1="0" y2="14" stroke="var(--axis)" />
            </svg>
            <span className="r">{formatSigned(item.value, decimals)}</span>
          </div>
        )
      })}
    </div>
  )
}
