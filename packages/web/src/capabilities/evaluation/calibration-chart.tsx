import type { Evaluation } from '@trivium/contract'
import { TimeSeries } from '../../charts/time-series.tsx'
import { evaluatedName } from './evaluated-model.tsx'

/** What was promised on average and what came, bin by bin; on the diagonal both are equal. */
export function CalibrationChart({ evaluation }: { readonly evaluation: Evaluation }) {
  const { calibration, championCalibration, champion, model } = evaluation
  const top = Math.max(
    ...[...calibration, ...championCalibration].flatMap((bin) => [bin.meanScore, bin.positiveRate, bin.high]),
    0.1,
  )
  const line = (bins: Evaluation['calibration']) =>
    bins
      .toSorted((a, b) => a.meanScore - b.meanScore)
      .map((bin) => ({ x: bin.meanScore * 100, y: bin.positiveRate, low: bin.low, high: bin.high }))
  const edge = Math.min(1, top)
  return (
    <TimeSeries
      title="Calibration"
      how="observed share against predicted, by bin of rising score"
      x="number"
      xLabel="predicted, %"
      form="share"
      fromZero
      height={300}
      domain={[0, edge * 100]}
      range={[0, edge]}
      series={[
        {
          id: 'perfect',
          label: 'perfect',
          kind: 'plan',
          color: 'base',
          points: [
            { x: 0, y: 0 },
            { x: edge * 100, y: edge },
          ],
        },
        ...(champion && championCalibration.length > 0
          ? [
              {
                id: 'champion',
                label: evaluatedName(champion),
                color: 'base' as const,
                points: line(championCalibration),
              },
            ]
          : []),
        { id: 'model', label: evaluatedName(model), color: 's1', points: line(calibration) },
      ]}
    />
  )
}
