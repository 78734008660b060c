import type { RunRow } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import type { SeriesColor } from '../../../charts/chart-types.ts'
import type { Brush } from '../../../charts/parallel-layout.ts'
import { Parallel } from '../../../charts/parallel.tsx'
import { Button } from '../../../ui/button.tsx'
import { ColumnsMenu } from '../../../ui/columns-menu.tsx'
import { entityUrl } from '../../../ui/entity-url.ts'
import { formatCount } from '../../../ui/format-number.ts'
import { formatValue } from '../../../ui/value.tsx'
import { Choice } from '../choice.tsx'
import { parseColumn, valueOf } from '../run-keys.ts'
import { writeBrushes } from './brush-filter.ts'
import type { RunBrushes } from './use-run-brushes.ts'

interface RunParallelProps {
  readonly project: string
  readonly axes: readonly string[]
  readonly colorBy: string | undefined
  readonly offered: readonly string[]
  readonly brushes: RunBrushes
  readonly marked: ReadonlyMap<string, SeriesColor>
  readonly onChange: (chosen: { axes?: readonly string[]; brush?: readonly string[]; y?: string }) => void
}

const keyOf = (id: string) => parseColumn(id)?.key ?? id

/** Runs that the filter finds as lines over parameters and metrics; what is brushed filters the table of the page. */
export function RunParallel(props: RunParallelProps) {
  const { project, axes, colorBy, offered, brushes, marked, onChange } = props
  const router = useRouter()
  const { runs, total, isPending } = brushes
  const lines = runs.map((run: RunRow) => ({
    id: run.id,
    label: run.name,
    values: axes.map((id) => valueOf(run, id)),
  }))
  const set = (id: string, brush: Brush | undefined) => {
    const next = new Map(brushes.chosen)
    if (brush) next.set(id, brush)
    else next.delete(id)
    onChange({ brush: writeBrushes(next) })
  }
  return (
    <div style={{ marginBottom: 12 }}>
      <div className="row" style={{ gap: 12, flexWrap: 'wrap', marginBottom: 8 }}>
        <Choice
          label="Colour"
          value={colorBy ?? ''}
          options={axes.map((id) => ({ value: id, label: keyOf(id) }))}
          onChange={(y) => onChange({ y })}
        />
        <ColumnsMenu
          what={['axis', 'axes']}
          columns={offered.filter((id) => !id.startsWith('tags.')).map((id) => ({ id, label: id }))}
          visible={axes}
          onChange={(chosen) => onChange({ axes: chosen.slice(0, 12) })}
        />
        {[...brushes.chosen].map(([id, brush]) => (
          <Button key={id} look="quiet" size="small" onClick={() => set(id, undefined)}>
            {`Clear ${keyOf(id)}: ${'words' in brush ? brush.words.join(', ') : `${formatValue(brush.low)} to ${formatValue(brush.high)}`}`}
          </Button>
        ))}
        {brushes.filter === undefined && (
          <span className="t2 sm">The marked range holds too many values to filter by; mark less.</span>
        )}
      </div>
      {runs.length === 0 ? (
        <p className="t3">{isPending ? 'Reading the runs.' : 'No run to draw.'}</p>
      ) : axes.length < 2 ? (
        <p className="t3">Choose two axes or more.</p>
      ) : (
        <Parallel
          title="Parallel coordinates"
          how="a line a run; draw over an axis to filter the table"
          axes={axes.map(keyOf)}
          lines={lines}
          colorBy={colorBy === undefined || !axes.includes(colorBy) ? undefined : axes.indexOf(colorBy)}
          marked={marked}
          brushes={
            new Map(
              [...brushes.chosen].flatMap(([id, brush]) => (axes.includes(id) ? [[axes.indexOf(id), brush]] : [])),
            )
          }
          onBrush={(axis, brush) => {
            const id = axes[axis]
            if (id !== undefined) set(id, brush)
          }}
          onOpen={(id) => {
            const run = runs.find((one) => one.id === id)
            if (run) router.history.push(entityUrl({ kind: 'run', name: run.name, id }, project))
          }}
          caption={
            total > runs.length &&
            `The first ${formatCount(runs.length)} of ${formatCount(total)} runs; filter to see others.`
          }
        />
      )}
    </div>
  )
}
