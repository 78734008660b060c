import type { DatasetCheck, MonitorDefinition } from '@trivium/contract'

/**
 * Every choice of the demo that is not a fact of the data, with its reason. Nothing here names a week, an airport or a result: what happens follows from the rows.
 */
export const policy = {
  /** Weeks that the first model learns from; the week after is kept for its evaluation. */
  trainWeeks: 4,
  /** Every so many hours the flights of the hour are asked in one request, else one by one. */
  batchEveryHours: 2,
  featureFile: 'arrivals.yaml',
  dataset: {
    description:
      'Flights between the nine busiest airports that landed, by week. `date` is the actual departure, `delay` the arrival delay in minutes.',
    owners: { producer: 'demo-airline', maintainer: 'demo-airline', quality: 'demo-trainer' },
    // Nobody knows it before the flight has landed, and none lands within an hour.
    availability: { delay: { after: '1h' } },
    checks: [
      {
        kind: 'schema',
        severity: 'block',
        columns: [
          { name: 'id', type: 'string' },
          { name: 'date', type: 'timestamp' },
          { name: 'delay', type: 'integer' },
          { name: 'distance', type: 'integer' },
          { name: 'origin', type: 'string' },
          { name: 'destination', type: 'string' },
        ],
      },
      { kind: 'unique', severity: 'block', columns: ['id'] },
      { kind: 'nulls', severity: 'block', column: 'origin', maxShare: 0 },
      { kind: 'nulls', severity: 'block', column: 'delay', maxShare: 0 },
      // No domestic flight is longer; kilometres or metres would be.
      { kind: 'range', severity: 'block', column: 'distance', min: 1, max: 5000 },
      { kind: 'rows', severity: 'warn', min: 4000 },
    ] satisfies DatasetCheck[],
  },
  monitor: {
    description:
      'Weekly: are the flights still like those that the model learnt from, and are its probabilities still as good?',
    deployment: 'arrival-delay-prod',
    window: '7d',
    // An effect below 0.1 (a tenth of the rows moved) is too small to act on; twice in three weeks is no accident of one week's weather.
    drift: {
      minEffect: { numeric: 0.1, categorical: 0.05 },
      q: 0.05,
      persistence: { needed: 2, outOf: 3, clear: 2 },
      minRows: 1000,
    },
    performance: {
      prediction: 'probabilities_1',
      metrics: [{ metric: 'log-loss', margin: 0.03 }],
      completeness: 0.95,
      slices: ['origin'],
      minLabels: 1000,
      persistence: { needed: 1, outOf: 1, clear: 2 },
    },
  } satisfies MonitorDefinition,
} as const
