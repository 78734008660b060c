import { type Numbers, requireSameLength } from '../types.ts'

function meanOver(actual: Numbers, predicted: Numbers, term: (error: number) => number): number {
  requireSameLength(actual, predicted, 'Actual and predicted values')
  let sum = 0
  for (let i = 0; i < actual.length; i++) sum += term((predicted[i] as number) - (actual[i] as number))
  return sum / actual.length
}

/** The mean absolute error; NaN for no rows. */
export function meanAbsoluteError(actual: Numbers, predicted: Numbers): number {
  return meanOver(actual, predicted, Math.abs)
}

/** The root of the mean squared error; NaN for no rows. */
export function rootMeanSquaredError(actual: Numbers, predicted: Numbers): number {
  return Math.sqrt(meanOver(actual, predicted, (error) => error * error))
}

/** The coefficient of determination R²: 1 is perfect, 0 no better than the mean. NaN when all actual values are equal. */
export function rSquared(actual: Numbers, predicted: Numbers): number {
  const squared = meanOver(actual, predicted, (error) => error * error)
  let mean = 0
  for (let i = 0; i < actual.length; i++) mean += ((actual[i] as number) - mean) / (i + 1)
  let spread = 0
  for (let i = 0; i < actual.length; i++) spread += ((actual[i] as number) - mean) ** 2
  return spread === 0 ? Number.NaN : 1 - (squared * actual.length) / spread
}
