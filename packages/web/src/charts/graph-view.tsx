import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from 'react'
import { Button } from '../ui/button.tsx'

/** Smaller than this nobody reads it; the rest is scrolled to. */
const leastFit = 0.62
/** Where there is no zoom it must be read as it is. */
const leastFixed = 0.8
const steps = [0.5, 0.62, 0.75, 0.87, 1, 1.25, 1.5, 2] as const

/** The scale at which a graph is seen whole: never enlarged, never too small to read. */
export function fitScale(
  content: { width: number; height: number },
  room: { width: number; height: number },
  least = leastFit,
): number {
  if (room.width <= 0) return 1
  return Math.max(least, Math.min(1, room.width / content.width, room.height / content.height))
}

/** The next larger or smaller step of the zoom. */
export function zoomFrom(scale: number, by: 1 | -1): number {
  const next = by > 0 ? steps.find((step) => step > scale + 0.01) : steps.findLast((step) => step < scale - 0.01)
  return next ?? scale
}

interface GraphViewProps {
  readonly label: string
  readonly attach: (node: HTMLDivElement | null) => void
  readonly frame: RefObject<HTMLDivElement | null>
  readonly width: number
  readonly content: { readonly width: number; readonly height: number }
  /** Seen whole when it opens, with a zoom. Otherwise only its width is made to fit. */
  readonly fit: boolean
  readonly maxHeight: number
  /** What should be seen where not everything can be. */
  readonly focus:
    | { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
    | undefined
  readonly children: ReactNode
}

/** The window through which a graph is seen: fits it, zooms by buttons and keys, scrolls and is dragged where it does not fit. */
export function GraphView({ label, attach, frame, width, content, fit, maxHeight, focus, children }: GraphViewProps) {
  const [chosen, setChosen] = useState<number>()
  const fitted = fit
    ? fitScale(content, { width, height: maxHeight })
    : fitScale(content, { width, height: Number.POSITIVE_INFINITY }, leastFixed)
  const scale = chosen ?? fitted
  const scrolls = width > 0 && (content.width * scale > width + 2 || content.height * scale > maxHeight + 2)
  const dragged = useRef<{ x: number; y: number; left: number; top: number }>(undefined)

  const [left, top, across, down] = focus
    ? [focus.x, focus.y, focus.width, focus.height].map((side) => side * scale)
    : []
  useEffect(() => {
    const box = frame.current
    if (!box || left === undefined || top === undefined || across === undefined || down === undefined) return
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = box
    const outX = left < scrollLeft || left + across > scrollLeft + clientWidth
    const outY = top < scrollTop || top + down > scrollTop + clientHeight
    if (outX || outY)
      box.scrollTo(outX ? left - clientWidth / 2 : scrollLeft, outY ? top - clientHeight / 2 : scrollTop)
  }, [frame, left, top, across, down])

  function onKeyDown(event: KeyboardEvent) {
    if (!fit || event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '+' || event.key === '=') setChosen(zoomFrom(scale, 1))
    else if (event.key === '-') setChosen(zoomFrom(scale, -1))
    else if (event.key === '0') setChosen(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    if (!scrolls || event.pointerType !== 'mouse' || event.button !== 0) return
    if ((event.target as Element).closest('button, a')) return
    const { scrollLeft, scrollTop } = event.currentTarget
    dragged.current = { x: event.clientX, y: event.clientY, left: scrollLeft, top: scrollTop }
    event.currentTarget.setPointerCapture(event.pointerId)
  }

  function onPointerMove(event: PointerEvent<HTMLDivElement>) {
    const from = dragged.current
    if (from) event.currentTarget.scrollTo(from.left + from.x - event.clientX, from.top + from.y - event.clientY)
  }

  return (
    <>
      <div
        className="gr"
        ref={attach}
        role="group"
        aria-label={label}
        tabIndex={scrolls ? 0 : undefined}
        data-scrolls={scrolls || undefined}
        style={{ maxHeight: fit ? Math.max(maxHeight, 200) : maxHeight }}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={() => (dragged.current = undefined)}
        onPointerCancel={() => (dragged.current = undefined)}
      >
        <div className="gr-size" style={{ width: content.width * scale, height: content.height * scale }}>
          <div
            className="gr-canvas"
            style={{ ...content, ...(scale === 1 ? {} : { transform: `scale(${scale})`, transformOrigin: '0 0' }) }}
          >
            {children}
          </div>
        </div>
      </div>
      {fit && (
        <div className="gr-zoom">
          {scrolls && <span className="xs t3 push">Scroll or drag to see the rest.</span>}
          <Button size="small" look="quiet" aria-label="Zoom out" onClick={() => setChosen(zoomFrom(scale, -1))}>
            –
          </Button>
          <span className="xs t3" role="status" aria-label="Zoom">
            {Math.round(scale * 100)} %
          </span>
          <Button size="small" look="quiet" aria-label="Zoom in" onClick={() => setChosen(zoomFrom(scale, 1))}>
            +
          </Button>
          <Button size="small" look="quiet" onClick={() => setChosen(undefined)}>
            Fit
          </Button>
        </div>
      )}
    </>
  )
}
