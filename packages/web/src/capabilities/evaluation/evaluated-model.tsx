import type { EvaluatedModel } from '@trivium/contract'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'

/** A model as an evaluation saw it: its version or run as a link, a bare file by name. */
export function EvaluatedModelLink({
  model,
  strong = false,
}: {
  readonly model: EvaluatedModel
  readonly strong?: boolean
}) {
  const entity = model.urn === null ? undefined : parseUrn(model.urn)
  if (!entity) return <span className={strong ? 'm' : undefined}>{model.name}</span>
  return (
    <EntityLink
      kind={entity.kind}
      name={entity.kind === 'run' ? model.name : entity.name}
      id={entity.id}
      version={entity.kind === 'run' ? undefined : entity.version}
      look="bare"
      strong={strong}
    />
  )
}

/** The name of a model in one word or two, for titles and legends. */
export function evaluatedName(model: EvaluatedModel): string {
  const entity = model.urn === null ? undefined : parseUrn(model.urn)
  return entity?.version === undefined ? model.name : `${entity.name} v${entity.version}`
}
