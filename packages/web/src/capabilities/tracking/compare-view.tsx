import type { RunComparison } from '@trivium/contract'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { ValuesDiff } from '../../ui/diff.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { RunBaselines } from '../exploration/run-baselines.tsx'
import { CompareCurves } from './compare-curves.tsx'
import { CompareMetrics } from './compare-metrics.tsx'
import { CompareSources } from './compare-sources.tsx'
import { CompareTables } from './compare-tables.tsx'
import { compareWords } from './compare-words.ts'
import { isOwnTag } from './run-keys.ts'
import { RunMark } from './run-mark.tsx'
import { isSystemMetric, readSystemMetric, systemValue } from './system-metric.ts'
import { ImagePanels } from './workspace/image-panels.tsx'

interface CompareViewProps {
  readonly project: string
  readonly comparison: RunComparison
  readonly onBase: (id: string) => void
  readonly onDirection: (key: string, direction: 'higher' | 'lower' | undefined) => void
  readonly onRemove: ((id: string) => void) | undefined
}

/** What differs between runs first, then what they measured and whether that is more than chance, then the curves. */
export function CompareView({ project, comparison, onBase, onDirection, onRemove }: CompareViewProps) {
  const { runs, params, inputs, repeats } = comparison
  const tags = comparison.tags.filter((tag) => !isOwnTag(tag.key))
  const base = runs[0]
  const results = comparison.metrics.filter(({ key }) => !isSystemMetric(key))
  const machine = comparison.metrics.filter(({ key }) => isSystemMetric(key))
  const experiments = new Set(runs.map((run) => run.experiment))
  const differing = [...params, ...inputs, ...tags].filter((one) => one.differs)
  const of = params.length + inputs.length + tags.length
  const words = compareWords(comparison)
  const repeated = repeats.some((some) => some.length > 1)
  return (
    <>
      <PageHeader title={`Compare ${runs.length} runs`} note={[...experiments].join(', ')} />
      <Claim>
        <b>{words.claim}</b> {words.rest}
      </Claim>
      <div className="mt-12" />
      <DataTable
        label="Runs"
        density="compact"
        keys={false}
        headless
        rows={runs.map((run, index) => ({ run, index }))}
        rowKey={({ run }) => run.id}
        columns={[
          {
            id: 'name',
            head: 'Run',
            cell: ({ run, index }) => (
              <span className="row">
                <RunMark index={index} id={run.id} base={base?.id} />
                <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />
                {index === 0 && <span className="t3 sm">baseline</span>}
              </span>
            ),
          },
          {
            id: 'repeats',
            head: 'Repeats',
            cell: ({ index }) => (
              <span className="t2" title={repeats[index]?.map((one) => one.name).join(', ')}>
                {(repeats[index]?.length ?? 0) > 1
                  ? `${formatPlural(repeats[index]?.length ?? 0, 'run')} of this configuration`
                  : repeated
                    ? 'no repeat of this configuration'
                    : ''}
              </span>
            ),
          },
          {
            id: 'began',
            head: 'Began',
            align: 'right',
            cell: ({ run }) => <Time at={run.startedAt} />,
          },
          {
            id: 'do',
            head: '',
            align: 'right',
            cell: ({ run, index }) => (
              <span className="row" style={{ justifyContent: 'flex-end' }}>
                {index > 0 && (
                  <Button look="link" size="small" onClick={() => onBase(run.id)}>
                    Make it the baseline
                  </Button>
                )}
                {onRemove && (
                  <Button look="link" size="small" onClick={() => onRemove(run.id)}>
                    Leave out
                  </Button>
                )}
              </span>
            ),
          },
        ]}
      />
      <Section title="What differs" note={`${differing.length} of ${formatPlural(of, 'input')}`}>
        {differing.length === 0 ? (
          <p className="t2 mt-4">Parameters, data and tags are the same.</p>
        ) : (
          <ValuesDiff
            label="What differs"
            columns={runs.map((run, index) => (
              <span className="row" key={run.id}>
                <RunMark index={index} id={run.id} base={base?.id} />
                {run.name}
              </span>
            ))}
            rows={differing.map((one) => ({ name: one.key, values: one.values.map(shortened) }))}
          />
        )}
      </Section>
      <Section
        title="Metrics"
        note={
          repeated
            ? 'mean of the repeats with standard deviation (sd); a single run shows its last value'
            : 'last value'
        }
      >
        <CompareMetrics comparison={{ ...comparison, metrics: results }} onDirection={onDirection} />
      </Section>
      <RunBaselines project={project} runs={runs.map((run) => run.id)} />
      {machine.length > 0 && (
        <Section title="Machine" note="last value; how busy it was is no result">
          <ValuesDiff
            label="Machine"
            columns={runs.map((run) => run.name)}
            rows={machine.map(({ key, values }) => {
              const { label, unit } = readSystemMetric(key)
              return {
                name: label,
                values: values.map((value) => (value === null ? null : systemValue(value.last, unit))),
              }
            })}
          />
        </Section>
      )}
      <CompareSources project={project} runs={runs} />
      <CompareCurves project={project} comparison={{ ...comparison, metrics: results }} />
      <ImagePanels project={project} runs={runs} />
      <CompareTables project={project} runs={runs} tags={comparison.tags} />
    </>
  )
}

/** Texts, so that the table finds equal ones. */
const shortened = (value: string | null): string | null =>
  value !== null && value.length > 44 ? `${value.slice(0, 24)}…${value.slice(-12)}` : value
