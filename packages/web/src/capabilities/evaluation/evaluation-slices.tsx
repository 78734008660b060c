import type { Evaluation } from '@trivium/contract'
import { Dumbbell } from '../../charts/dumbbell.tsx'
import { SelectField } from '../../ui/field.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { measureTitle } from '../monitoring/measure-words.ts'
import { evaluatedName } from './evaluated-model.tsx'

interface EvaluationSlicesProps {
  readonly evaluation: Evaluation
  readonly column: string
  readonly metric: string
  readonly onColumn: (column: string) => void
  readonly onMetric: (metric: string) => void
}

const most = 16

/** How the model does on parts of the rows, the largest first, beside the champion on the same rows. */
export function EvaluationSlices({ evaluation, column, metric, onColumn, onMetric }: EvaluationSlicesProps) {
  const chosen = evaluation.slices.find((one) => one.column === column) ?? evaluation.slices[0]
  if (!chosen) return <p className="t2">No column was named for slices.</p>
  const name =
    evaluation.metrics.find((one) => one.metric === metric)?.metric ??
    evaluation.comparison?.metric ??
    evaluation.metrics[0]?.metric
  if (name === undefined) return null
  const sorted = chosen.slices.toSorted((a, b) => b.rows - a.rows)
  return (
    <div>
      <div className="row wrap gap-16" style={{ marginBottom: 8 }}>
        {evaluation.slices.length > 1 && (
          <div>
            <SelectField
              label="Slices by"
              beside
              value={chosen.column}
              onChange={(event) => onColumn(event.target.value)}
              options={evaluation.slices.map((one) => ({ value: one.column, label: one.column }))}
            />
          </div>
        )}
        <div>
          <SelectField
            label="Metric"
            beside
            value={name}
            onChange={(event) => onMetric(event.target.value)}
            options={evaluation.metrics.map((one) => ({ value: one.metric, label: measureTitle(one.metric) }))}
          />
        </div>
      </div>
      <Dumbbell
        title={`${measureTitle(name)} by ${chosen.column}`}
        how={`${sorted.length > most ? `${most} largest of ${sorted.length}` : 'by size'}, on the same rows`}
        names={{
          baseline: evaluation.champion ? evaluatedName(evaluation.champion) : 'champion',
          candidate: evaluatedName(evaluation.model),
        }}
        rows={sorted.slice(0, most).map((slice) => {
          const candidate = slice.metrics.find((one) => one.metric === name)
          return {
            name: slice.value,
            count: slice.rows,
            baseline: slice.champion?.find((one) => one.metric === name)?.value ?? null,
            candidate: candidate?.value ?? null,
            low: candidate?.low ?? null,
            high: candidate?.high ?? null,
          }
        })}
        caption={`Filled: ${evaluatedName(evaluation.model)} with its interval.${
          evaluation.champion ? ` Hollow: ${evaluatedName(evaluation.champion)}.` : ''
        }${chosen.otherRows > 0 ? ` ${formatCount(chosen.otherRows)} rows are in no slice.` : ''} Slices are looked at together: single ones may differ by chance.`}
      />
    </div>
  )
}
