import type { EvaluationMetricName } from '@trivium/contract'
import { evaluationErrors } from './errors.ts'
import { parseMetric } from './metric-words.ts'

/** How a model is to be evaluated: the `with` of a step of kind `evaluate`. */
export interface EvaluationSettings {
  /** Column that holds what really happened: 0 and 1, true and false, or a number. Rows where it is empty are left out and counted. */
  readonly label: string
  /** Output of the model that is the prediction, such as `probabilities[1]`; found by itself where only one fits. */
  readonly prediction?: string
  /** Columns in the order of the model's one tensor; without it the model's input names, or the columns of its signature. */
  readonly features?: readonly string[]
  readonly metrics?: readonly EvaluationMetricName[]
  readonly slices: readonly { readonly column: string; readonly top: number }[]
  /** SQL filter over the dataset's columns. */
  readonly where?: string
  /** Timestamp column whose days are the blocks; without it the dataset's event time. */
  readonly blocks?: string
  readonly compare?: { readonly metric: EvaluationMetricName; readonly margin: number }
  /** Scores from here on count as yes; 0.5. */
  readonly threshold: number
  readonly allowOverlap: boolean
}

const keys = [
  'label',
  'prediction',
  'features',
  'metrics',
  'slices',
  'where',
  'blocks',
  'compare',
  'threshold',
  'allowOverlap',
] as const
type Loose = Readonly<Record<string, unknown>>
const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every(isText)
const isMap = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const isAmount = (value: unknown): value is number => typeof value === 'number' && value >= 0

const shapes: Record<(typeof keys)[number], { good(value: unknown): boolean; must: string }> = {
  label: { good: isText, must: 'must be the name of a column' },
  prediction: { good: isText, must: 'must name an output, such as probabilities[1]' },
  features: { good: isTexts, must: 'must be a list of columns' },
  metrics: { good: isTexts, must: 'must be a list of metrics' },
  slices: {
    good: (value) =>
      Array.isArray(value) &&
      value.every(
        (slice) =>
          isText(slice) ||
          (isMap(slice) &&
            isText(slice['column']) &&
            Object.keys(slice).every((key) => key === 'column' || key === 'top') &&
            (slice['top'] === undefined ||
              (Number.isInteger(slice['top']) && Number(slice['top']) >= 1 && Number(slice['top']) <= 100))),
      ),
    must: 'must be a list of columns, or of {column, top} with top from 1 to 100',
  },
  where: { good: isText, must: 'must be a SQL condition' },
  blocks: { good: isText, must: 'must be the name of a timestamp column' },
  compare: {
    good: (value) =>
      isMap(value) &&
      Object.keys(value).every((key) => key === 'metric' || key === 'margin') &&
      isText(value['metric']) &&
      isAmount(value['margin']),
    must: 'must be {metric, margin} with a margin of zero or more, in the unit of the metric',
  },
  threshold: { good: (value) => isAmount(value) && value <= 1, must: 'must be a number from 0 to 1' },
  allowOverlap: { good: (value) => typeof value === 'boolean', must: 'must be true or false' },
}

/** Says what is wrong with the settings, one message a fault. */
export function checkSettings(settings: Loose): string[] {
  const known = keys.join(', ')
  const unknown = Object.keys(settings).filter((key) => !(keys as readonly string[]).includes(key))
  const metrics = [
    ...(isTexts(settings['metrics']) ? settings['metrics'] : []),
    ...(isMap(settings['compare']) && isText(settings['compare']['metric']) ? [settings['compare']['metric']] : []),
  ]
  return [
    ...unknown.map((key) => `evaluate knows no setting "${key}"; it takes ${known}.`),
    ...(settings['label'] === undefined ? ['evaluate needs "label": the column that holds what really happened.'] : []),
    ...keys.flatMap((key) => {
      const value = settings[key]
      return value === undefined || shapes[key].good(value) ? [] : [`"${key}" ${shapes[key].must}.`]
    }),
    ...metrics
      .filter((metric) => parseMetric(metric) === undefined)
      .map(
        (metric) =>
          `There is no metric "${metric}". There are log-loss, roc-auc, brier-score, average-precision, accuracy, precision, recall, f1, expected-calibration-error, mean-absolute-error, root-mean-squared-error and r-squared.`,
      ),
  ]
}

/** Reads settings whose parameters are filled in. Throws EVALUATION.BAD_SETTING. */
export function readSettings(settings: Loose): EvaluationSettings {
  const [fault] = checkSettings(settings)
  if (fault !== undefined) throw evaluationErrors.BAD_SETTING(fault)
  const metric = (text: string): EvaluationMetricName => {
    const found = parseMetric(text)
    if (!found) throw evaluationErrors.BAD_SETTING(`there is no metric "${text}".`)
    return found
  }
  const compare = settings['compare'] as { metric: string; margin: number } | undefined
  const texts = settings as { label: string; prediction?: string; where?: string; blocks?: string; features?: string[] }
  return {
    label: texts.label,
    slices: ((settings['slices'] ?? []) as (string | { column: string; top?: number })[]).map((slice) =>
      typeof slice === 'string' ? { column: slice, top: 10 } : { column: slice.column, top: slice.top ?? 10 },
    ),
    threshold: (settings['threshold'] as number | undefined) ?? 0.5,
    allowOverlap: settings['allowOverlap'] === true,
    ...(texts.prediction === undefined ? {} : { prediction: texts.prediction }),
    ...(texts.features === undefined ? {} : { features: texts.features }),
    ...(texts.where === undefined ? {} : { where: texts.where }),
    ...(texts.blocks === undefined ? {} : { blocks: texts.blocks }),
    ...(settings['metrics'] === undefined
      ? {}
      : { metrics: [...new Set((settings['metrics'] as string[]).map(metric))] }),
    ...(compare === undefined ? {} : { compare: { metric: metric(compare.metric), margin: compare.margin } }),
  }
}
