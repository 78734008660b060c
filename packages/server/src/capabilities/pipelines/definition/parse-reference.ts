/** What the input of a step may point to. */
export type InputReference =
  | { readonly scheme: 'steps'; readonly step: string; readonly output: string }
  | { readonly scheme: 'params'; readonly name: string }
  | {
      readonly scheme: 'dataset'
      readonly name: string
      readonly version: 'latest' | 'watermark' | number
      readonly optional: boolean
    }
  /** An output of the newest run of another pipeline that finished; of the run that started this one, where it is of that pipeline. */
  | {
      readonly scheme: 'pipeline'
      readonly name: string
      readonly step: string
      readonly output: string
      readonly optional: boolean
    }
  | { readonly scheme: 'model'; readonly name: string; readonly version: string; readonly optional: boolean }

const part = '[A-Za-z_][A-Za-z0-9_-]*'

/**
 * Reads `steps.train.model`, `params.depth`, `dataset:flights@latest|@watermark|@7`, `model:arrival-delay@champion|@3`, `pipeline:prepare/clean.rows`; a `?` at the end of a
 * dataset or model reference says that the input is left out while there is no such version. Returns a message when the text is none.
 */
export function parseReference(text: string): InputReference | string {
  const step = new RegExp(`^steps\\.(${part})\\.(${part})$`).exec(text)
  if (step) return { scheme: 'steps', step: step[1] ?? '', output: step[2] ?? '' }
  const parameter = new RegExp(`^params\\.(${part})$`).exec(text)
  if (parameter) return { scheme: 'params', name: parameter[1] ?? '' }
  const other = new RegExp(`^pipeline:([^/]+)/(${part})\\.(${part})(\\?)?$`).exec(text)
  if (other)
    return {
      scheme: 'pipeline',
      name: other[1] ?? '',
      step: other[2] ?? '',
      output: other[3] ?? '',
      optional: other[4] === '?',
    }
  const entity = /^(dataset|model):([^@]+)(?:@([^?]+))?(\?)?$/.exec(text)
  const optional = entity?.[4] === '?'
  if (entity?.[1] === 'dataset') {
    const version = entity[3] ?? 'latest'
    if (version === 'latest' || version === 'watermark')
      return { scheme: 'dataset', name: entity[2] ?? '', version, optional }
    if (/^[1-9]\d*$/.test(version))
      return { scheme: 'dataset', name: entity[2] ?? '', version: Number(version), optional }
    return `"${text}" names no version of a dataset. Write dataset:NAME@latest, @watermark or @7.`
  }
  if (entity?.[1] === 'model') {
    if (entity[3] === undefined) return `"${text}" names no version of a model. Write model:NAME@ALIAS or model:NAME@3.`
    return { scheme: 'model', name: entity[2] ?? '', version: entity[3], optional }
  }
  return `"${text}" is no reference. Write steps.STEP.OUTPUT, params.NAME, dataset:NAME@latest, model:NAME@ALIAS or pipeline:NAME/STEP.OUTPUT.`
}
