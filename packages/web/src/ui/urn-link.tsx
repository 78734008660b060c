import { EntityLink } from './entity-link.tsx'
import { parseUrn } from './entity-url.ts'

/** The thing that a URN names, as a link. */
export function UrnLink({ urn }: { readonly urn: string }) {
  const entity = parseUrn(urn)
  return entity ? (
    <EntityLink kind={entity.kind} name={entity.name} id={entity.id} version={entity.version} look="bare" />
  ) : (
    <span className="mono">{urn}</span>
  )
}
