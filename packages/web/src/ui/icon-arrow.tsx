interface IconArrowProps {
  readonly up: boolean
  /** Only the sorted column shows one. */
  readonly shown?: boolean
}

/** The small arrow of a sorted column, or of "higher is better". */
export function IconArrow({ up, shown = true }: IconArrowProps) {
  return (
    <svg className="arrow" data-shown={shown || undefined} width="8" height="10" viewBox="0 0 8 10" aria-hidden>
      <path
        d={up ? 'M4 9.500V1M1 4l3-3 3 3' : 'M4 .5V9M1 6l3 3 3-3'}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.2"
      />
    </svg>
  )
}
