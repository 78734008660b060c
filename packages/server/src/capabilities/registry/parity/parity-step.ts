import type { StepKind } from '../../../kernel/ports/index.ts'
import { parseUrn } from '../../../kernel/ids/index.ts'
import { registryErrors } from '../errors.ts'
import type { Registry } from '../registry.ts'
import type { ParityRequest } from './test-parity.ts'

const settings = [
  'original',
  'recorded',
  'predictions',
  'outputs',
  'features',
  'method',
  'rows',
  'absolute',
  'relative',
  'share',
]

/**
 * Step kind `parity`: compares the version in input `model` with its original (input `original`, else `with.original`, else the columns of `with.recorded`) on the
 * dataset in input `dataset`, or on what the deployment `with.predictions` was asked. What was found is evidence; a gate with `{ evidence: parity, require: passed }`
 * stops what differs.
 */
export function parityStep(registry: Pick<Registry, 'testParity'>): StepKind {
  return {
    kind: 'parity',
    // It attaches evidence to the version.
    caching: 'never',
    requiredInputs: ['model'],
    check: (configuration) => [
      ...Object.keys(configuration)
        .filter((key) => !settings.includes(key))
        .map((key) => `parity knows no setting "${key}"; it takes ${settings.map((one) => `"${one}"`).join(', ')}.`),
      ...['absolute', 'relative', 'share', 'rows'].flatMap((key) => {
        const value = configuration[key]
        return value === undefined || (typeof value === 'number' && value >= 0)
          ? []
          : [`parity: "${key}" is a number of at least 0.`]
      }),
      ...(['string', 'undefined'].includes(typeof configuration['predictions'])
        ? []
        : ['parity: "predictions" is the name of a deployment.']),
    ],
    run: async (context, configuration) => {
      const version = entityOf(context.inputs['model']?.urn, 'model')
      const dataset = entityOf(context.inputs['dataset']?.urn, 'dataset')
      const { absolute, relative, share, predictions, ...rest } = configuration as Omit<ParityRequest, 'predictions'> &
        Partial<Record<'absolute' | 'relative' | 'share', number>> & { predictions?: string }
      if (!version || (dataset === undefined) === (predictions === undefined))
        throw registryErrors.BAD_PARITY(
          `Step ${context.step} needs an input "model" that is a model version, and either an input "dataset" that is a dataset version or the setting "predictions".`,
        )
      const original = entityOf(context.inputs['original']?.urn, 'model')
      const evidence = await registry.testParity(context.scope, version.name, version.version, {
        ...rest,
        ...(original ? { original: `${original.name}/${original.version}` } : {}),
        ...(dataset ? { dataset } : {}),
        ...(predictions === undefined ? {} : { predictions: { deployment: predictions } }),
        tolerance: {
          ...(absolute === undefined ? {} : { absolute }),
          ...(relative === undefined ? {} : { relative }),
          ...(share === undefined ? {} : { share }),
        },
      })
      context.log(evidence.summary)
      return {
        outputs: { parity: { kind: 'evidence', digest: evidence.digest, value: evidence } },
        evidence: [evidence],
        refs: evidence.subjects.slice(0, 1).map((urn) => ({ rel: 'input', urn, as: 'compared-on' })),
      }
    },
  }
}

function entityOf(urn: string | undefined, kind: string): { name: string; version: number } | undefined {
  const parts = urn === undefined ? undefined : parseUrn(urn)
  return parts?.kind === kind && parts.version !== undefined
    ? { name: parts.id, version: Number(parts.version) }
    : undefined
}
