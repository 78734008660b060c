import { downloadRunArtifact, listRunArtifacts } from '@trivium/contract'
import { useQueries } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { contractQueryOptions } from '../../../data/contract-query.ts'
import { useClient } from '../../../data/data-context.tsx'
import { formatBytes } from '../../../ui/format-number.ts'
import { Section } from '../../../ui/section.tsx'
import { Choice } from '../choice.tsx'
import './workspace.css'
import { imageAt, imageSeries, largestImage } from './image-steps.ts'
import { useVisible } from './use-visible.ts'

interface ImagePanelsProps {
  readonly project: string
  readonly runs: readonly { readonly id: string; readonly name: string }[]
}

const mostRuns = 8

/** Pictures that the runs logged, one name at a time, the runs side by side, by a slider over the steps. Nothing where no run has one. */
export function ImagePanels({ project, runs }: ImagePanelsProps) {
  const client = useClient()
  const slider = useId()
  const [attach, seen] = useVisible<HTMLDivElement>()
  const [key, setKey] = useState('')
  const [wanted, setWanted] = useState<number>()
  const drawn = runs.slice(0, mostRuns)
  const queries = useQueries({
    queries: drawn.map((run) => ({
      ...contractQueryOptions(client, listRunArtifacts, {
        params: { project, run: run.id },
        query: { recursive: true },
      }),
      enabled: seen,
      staleTime: 30_000,
    })),
  })
  const all = queries.map((query) => imageSeries(query.data?.entries ?? []))
  const keys = [...new Set(all.flatMap((series) => series.map((one) => one.key)))]
  const chosen = keys.includes(key) ? key : (keys[0] ?? '')
  const steps = [
    ...new Set(all.flatMap((series) => series.find((one) => one.key === chosen)?.steps.map((one) => one.step) ?? [])),
  ].toSorted((a, b) => a - b)
  const at = wanted === undefined ? steps.length - 1 : Math.min(wanted, steps.length - 1)
  const step = steps[at] ?? 0
  return (
    <div ref={attach} className="sec" style={{ minHeight: 1 }}>
      {keys.length > 0 && (
        <Section
          title="Images"
          note={`${keys.length === 1 ? 'one name' : `${keys.length} names`}${runs.length > 1 ? ', the runs side by side' : ''}`}
        >
          <div className="row wrap" style={{ gap: 16 }}>
            <Choice
              label="Image"
              value={chosen}
              options={keys.map((one) => ({ value: one, label: one }))}
              onChange={(one) => {
                setKey(one)
                setWanted(undefined)
              }}
            />
            {steps.length > 1 && (
              <span className="row" style={{ gap: 6 }}>
                <label htmlFor={slider} className="t2 sm">
                  Step
                </label>
                <input
                  id={slider}
                  type="range"
                  className="workspace-range"
                  min={0}
                  max={steps.length - 1}
                  value={at}
                  aria-valuetext={`step ${step}`}
                  onChange={(event) => setWanted(Number(event.target.value))}
                />
                <span className="t2 sm">{`${step}, ${at + 1} of ${steps.length}`}</span>
              </span>
            )}
          </div>
          <div className="images">
            {drawn.map((run, index) => {
              const image = imageAt(
                all[index]?.find((one) => one.key === chosen),
                step,
              )
              const href =
                image &&
                client.url(downloadRunArtifact, { params: { project, run: run.id }, query: { path: image.path } })
              return (
                <figure key={run.id}>
                  {image && href && image.size <= largestImage ? (
                    <img src={href} alt={`${chosen} of ${run.name} at step ${image.step}`} loading="lazy" />
                  ) : (
                    <p className="t3 sm">
                      {image ? `Too large to show: ${formatBytes(image.size)}.` : 'No image until this step.'}
                    </p>
                  )}
                  <figcaption>
                    {runs.length > 1 && run.name}
                    {image && image.step !== step && <span className="t3">{` from step ${image.step}`}</span>}
                  </figcaption>
                </figure>
              )
            })}
          </div>
        </Section>
      )}
    </div>
  )
}
