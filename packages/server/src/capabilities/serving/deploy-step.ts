import { FeatureBinding } from '@trivium/contract'
import { Type } from 'typebox'
import { values } from '../../kernel/libraries/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { StepKind } from '../../kernel/ports/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Serving } from './serving.ts'

const Configuration = Type.Object(
  {
    deployment: Type.String({ minLength: 1 }),
    features: Type.Optional(Type.Array(FeatureBinding)),
    alias: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)

/**
 * Step kind `deploy`: points the deployment of `with.deployment` to the model version in input `model`, and once it serves the alias `with.alias` (such as
 * `champion`) too. It acts on the world, so it is never cached.
 */
export function deployStep(serving: Serving, registry: Pick<Registry, 'setAlias'>): StepKind {
  return {
    kind: 'deploy',
    caching: 'never',
    requiredInputs: ['model'],
    check: (configuration) => {
      if (values().Check(Configuration, configuration)) return []
      return [...values().Errors(Configuration, configuration)].map(
        (error) =>
          `deploy: with${error.instancePath.replaceAll('/', '.')} ${error.message}. It takes "deployment", "features" if something is looked up, and "alias" if the version shall get one.`,
      )
    },
    run: async (context, configuration) => {
      const { deployment: name, features, alias } = values().Parse(Configuration, configuration)
      const model = parseUrn(context.inputs['model']?.urn ?? '')
      if (model?.kind !== 'model' || model.version === undefined)
        throw new Error(
          'Step kind deploy needs an input named "model" that is a model version, such as the output of a register step or MODEL@champion.',
        )
      const { release } = await serving.deploy(context.scope, {
        name,
        model: `${model.id}/${model.version}`,
        reason: `step ${context.step} of ${context.pipeline}`,
        once: context.actKey,
        ...(features ? { features } : {}),
      })
      // Somebody may have rolled it back between two attempts: then the alias stays with what serves.
      if (alias !== undefined && release.active)
        await registry.setAlias(context.scope, model.id, alias, Number(model.version), {
          once: context.actKey,
        })
      context.log(`${name} serves ${model.id} version ${model.version} as release ${release.number}.`)
      return {
        outputs: {
          release: {
            kind: 'value',
            digest: release.digest,
            urn: release.urn,
            value: { deployment: name, release: release.id, number: release.number },
          },
        },
        refs: [{ rel: 'output', urn: release.urn, as: 'deployed' }],
      }
    },
  }
}
