import { useId, useState } from 'react'
import { Button, Segmented } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { formatPlural } from '../../../ui/format-number.ts'
import { seriesStroke } from '../../../charts/chart-types.ts'
import { ImagePanels } from './image-panels.tsx'
import { type CurveLook, type CurveSet, MetricPanel } from './metric-panel.tsx'
import { findKeys, metricSections } from './metric-sections.ts'

/** What the address keeps of the workspace. */
export interface WorkspaceState extends CurveLook {
  readonly find: string
  /** Prefixes whose sections are folded; `/` is that of names without one. */
  readonly folded: readonly string[]
}

interface WorkspaceProps {
  readonly project: string
  /** Keys of metrics of the experiment. */
  readonly metrics: readonly string[]
  readonly sets: readonly CurveSet[]
  /** Each set is a group of runs, drawn as mean and band. */
  readonly grouped: boolean
  /** Which runs are drawn, in words. */
  readonly note: string
  readonly state: WorkspaceState
  readonly onChange: (change: Partial<WorkspaceState>) => void
}

/** Panels of a section that are laid out before "Show more": each is read only when it comes into sight. */
const atFirst = 24

/** All metrics of the drawn runs as panels, by the prefix of their names, then the images that the runs logged. */
export function Workspace({ project, metrics, sets, grouped, note, state, onChange }: WorkspaceProps) {
  const slider = useId()
  const found = findKeys(metrics, state.find)
  const sections = metricSections(found.keys)
  const toggle = (prefix: string) => {
    const name = prefix || '/'
    onChange({
      folded: state.folded.includes(name) ? state.folded.filter((one) => one !== name) : [...state.folded, name],
    })
  }
  return (
    <>
      <div className="row wrap" style={{ gap: 16, alignItems: 'flex-end' }}>
        <div style={{ width: 260 }}>
          <TextField
            label="Metrics, by regular expression"
            placeholder="^val/|auc$"
            mono
            value={state.find}
            error={found.error === undefined ? undefined : `This cannot be used: ${found.error}.`}
            onChange={(event) => onChange({ find: event.target.value })}
          />
        </div>
        <span className="row" style={{ gap: 6, minHeight: 28 }}>
          <label htmlFor={slider} className="t2 sm">
            Smoothing
          </label>
          <input
            id={slider}
            type="range"
            className="workspace-range"
            min={0}
            max={0.99}
            step={0.01}
            value={state.smooth}
            onChange={(event) => onChange({ smooth: Number(event.target.value) })}
          />
          <span className="t2 sm" style={{ minWidth: 30 }}>
            {state.smooth === 0 ? 'off' : state.smooth}
          </span>
        </span>
        <Segmented
          label="Across"
          value={state.axis}
          onChange={(axis) => onChange({ axis, from: undefined, to: undefined })}
          options={[
            { value: 'step', label: 'Step' },
            { value: 'time', label: 'Time' },
          ]}
        />
        {state.from !== undefined && (
          <Button look="link" onClick={() => onChange({ from: undefined, to: undefined })}>
            {`Show all steps, not ${Math.floor(state.from)} to ${Math.ceil(state.to ?? state.from)}`}
          </Button>
        )}
      </div>
      <p className="t3 sm mt-8">{`${formatPlural(found.keys.length, 'metric')} ${note}.`}</p>
      <ul className="ts-legend" aria-label="Drawn runs">
        {sets.map((set) => (
          <li key={set.id}>
            <i style={{ background: seriesStroke(set.color) }} />
            <span>{set.label}</span>
            {set.note && <span className="t3">{set.note}</span>}
          </li>
        ))}
      </ul>
      {found.keys.length === 0 && found.error === undefined && (
        <p className="t2 mt-16">
          {metrics.length === 0 ? 'No run has logged a metric yet.' : `No metric is named like ${state.find}.`}
        </p>
      )}
      {sections.map((section) => (
        <PanelSection
          key={section.prefix}
          title={section.prefix || 'Metrics'}
          count={section.keys.length}
          folded={state.folded.includes(section.prefix || '/')}
          onToggle={() => toggle(section.prefix)}
        >
          {(shown) =>
            section.keys
              .slice(0, shown)
              .map((metric) => (
                <MetricPanel
                  key={metric}
                  project={project}
                  metric={metric}
                  sets={sets}
                  grouped={grouped}
                  smooth={state.smooth}
                  axis={state.axis}
                  from={state.from}
                  to={state.to}
                  onRange={(range) => onChange({ from: range?.[0], to: range?.[1] })}
                />
              ))
          }
        </PanelSection>
      ))}
      <ImagePanels
        project={project}
        runs={sets.flatMap((set) => set.runs.slice(0, grouped ? 1 : 8).map((id) => ({ id, name: set.label })))}
      />
    </>
  )
}

interface PanelSectionProps {
  readonly title: string
  readonly count: number
  readonly folded: boolean
  readonly onToggle: () => void
  readonly children: (shown: number) => React.ReactNode
}

function PanelSection({ title, count, folded, onToggle, children }: PanelSectionProps) {
  const [shown, setShown] = useState(atFirst)
  return (
    <section className="sec">
      <div className="sec-head">
        <h2>
          <button type="button" className="fold" aria-expanded={!folded} onClick={onToggle}>
            {title}
          </button>
        </h2>
        <span className="sec-note">{formatPlural(count, 'panel')}</span>
      </div>
      {!folded && (
        <>
          <div className="panels">{children(shown)}</div>
          {count > shown && (
            <Button look="link" onClick={() => setShown(shown + atFirst)}>
              {`Show ${Math.min(atFirst, count - shown)} more of ${count}`}
            </Button>
          )}
        </>
      )}
    </section>
  )
}
