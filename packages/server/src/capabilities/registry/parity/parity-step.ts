import type { StepKind } from '../../../kernel/ports/index.ts'
import { parseUrn } from '../../../kernel/ids/index.ts'
import { registryErrors } from '../errors.ts'
import type { Registry } from '../registry.ts'
import type { ParityRequest } from './test-parity.ts'

const settings = ['original', 'recorded', 'outputs', 'features', 'method', 'rows', 'absolute', 'relative', 'share']

/**
 * Step kind `parity`: compares the version in input `model` with its original (input `original`, else `with.original`, else the columns of `with.recorded`) on the
 * dataset in input `dataset`. What was found is evidence; a gate with `{ evidence: parity, require: passed }` stops what differs.
 */
export function parityStep(registry: Pick<Registry, 'testParity'>): StepKind {
  return {
    kind: 'parity',
    // It attaches evidence to the version.
    caching: 'never',
    requiredInputs: ['model', 'dataset'],
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
    ],
    run: async (context, configuration) => {
      const version = entityOf(context.inputs['model']?.urn, 'model')
      const dataset = entityOf(context.inputs['dataset']?.urn, 'dataset')
      if (!version || !dataset)
        throw registryErrors.BAD_PARITY(
          `Step ${context.step} needs an input "model" that is a model version and an input "dataset" that is a dataset version.`,
        )
      const original = entityOf(context.inputs['original']?.urn, 'model')
      const { absolute, relative, share, ...rest } = configuration as ParityRequest & Partial<Record<string, number>>
      const evidence = await registry.testParity(context.scope, version.name, version.version, {
        ...rest,
        ...(original ? { original: `${original.name}/${original.version}` } : {}),
        dataset,
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
        refs: [{ rel: 'input', urn: context.inputs['dataset']?.urn ?? '', as: 'compared-on' }],
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
