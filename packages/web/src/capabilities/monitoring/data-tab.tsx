import type { UseQueryResult } from '@tanstack/react-query'
import type { listMonitorWindows, Monitor, ResultOf } from '@trivium/contract'
import type { ApiError } from '@trivium/sdk'
import { QueryView } from '../../data/query-view.tsx'
import { Section } from '../../ui/section.tsx'
import { DistributionPanel, DriftChart, type DriftHistory, DriftMultiples } from './drift-panel.tsx'
import { FeatureTable } from './feature-table.tsx'
import { monitorDataUrl } from './monitor-data-url.ts'
import type { useWatchMarks } from './watch-marks.ts'

/** Closed windows, newest first. */
export type Windows = ResultOf<typeof listMonitorWindows>

interface DataTabProps {
  readonly project: string
  readonly monitor: Monitor
  readonly drift: UseQueryResult<DriftHistory, ApiError>
  readonly windows: UseQueryResult<Windows, ApiError>
  readonly marks: ReturnType<typeof useWatchMarks>
  readonly feature: string
  readonly window: number | undefined
  readonly onFeature: (feature: string) => void
}

/** A feature that was chosen further down is shown at the top. */
const bringIntoView = (node: HTMLElement | null) => node?.scrollIntoView({ block: 'nearest' })

/** Which features moved away from what the model learned, how far, and how they are spread now. */
export function DataTab(props: DataTabProps) {
  const { project, monitor, drift, windows, marks, window, onFeature } = props
  return (
    <QueryView query={drift} what="the drift history" shape="chart" permission="monitor:read">
      {({ features }) => {
        const chosen = features.find((one) => one.feature === props.feature) ?? features[0]
        if (!chosen) return <p className="t2">No window is closed yet, or the monitor has no drift policy.</p>
        return (
          <>
            <div className="cols-2" key={chosen.feature} ref={props.feature === '' ? undefined : bringIntoView}>
              <DistributionPanel project={project} monitor={monitor.name} feature={chosen.feature} start={window} />
              <DriftChart
                feature={chosen}
                flags={marks.flags}
                spans={marks.spans.filter((span) => span.about === chosen.feature)}
              />
            </div>
            <Section
              title="All features"
              note="distance from the reference by window, one scale, shaded: too small to matter"
            >
              <DriftMultiples
                features={features}
                chosen={chosen.feature}
                hrefOf={(feature) => monitorDataUrl(project, monitor.name, feature, window)}
              />
            </Section>
            <div className="mt-24">
              <QueryView query={windows} what="the windows" permission="monitor:read">
                {(list) => {
                  const shown = list.windows.find((one) => one.start === window) ?? list.windows[0]
                  return shown?.drift ? (
                    <FeatureTable window={shown} drift={shown.drift} chosen={chosen.feature} onFeature={onFeature} />
                  ) : null
                }}
              </QueryView>
            </div>
          </>
        )
      }}
    </QueryView>
  )
}
