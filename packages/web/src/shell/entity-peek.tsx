import { getLineage } from '@trivium/contract'
import { useContractQuery } from '../data/contract-query.ts'
import { type EntityKey, formatVersion, kindIcon, kindWord, plainKind } from '../ui/entity-kinds.ts'
import { KeyValues } from '../ui/facts.tsx'
import { Loading } from '../ui/page-states.tsx'
import { Time } from '../ui/time.tsx'

const urnKinds: Record<string, string> = { feature: 'feature-view' }

/** The URN by which the graph knows an entity of a page. */
export function urnOf(entity: EntityKey, project: string): string {
  const kind = plainKind(entity.kind)
  const part = (text: string) => text.replace(/[%/@]/g, encodeURIComponent)
  const own =
    kind === 'pipeline-run' && entity.version !== undefined ? String(entity.version) : (entity.id ?? entity.name)
  const version =
    kind === 'pipeline-run' || entity.version === undefined ? '' : `@${String(entity.version).replace(/^v(?=\d)/, '')}`
  return `trivium://${part(entity.project ?? project)}/${urnKinds[kind] ?? kind}/${part(own)}${version}`
}

/** The small card over a chip: one fact, what it was made from, what came of it. */
export function EntityPeek({ entity, project }: { readonly entity: EntityKey; readonly project: string }) {
  const query = useContractQuery(
    getLineage,
    {
      params: { project: entity.project ?? project },
      query: { urn: urnOf(entity, project), back: 1, forward: 1, limit: 40 },
    },
    { staleTime: 60_000 },
  )
  const Icon = kindIcon(entity.kind)
  const nodes = query.data?.nodes ?? []
  const names = (side: -1 | 1) => {
    const found = nodes.filter((node) => Math.sign(node.depth) === side)
    const shown = found
      .slice(0, 3)
      .map((node) => [node.name, node.version ? formatVersion(node.kind, node.version) : ''].filter(Boolean).join(' '))
    return found.length > 3 ? `${shown.join(', ')} and ${found.length - 3} more` : shown.join(', ')
  }
  const [from, to] = [names(-1), names(1)]
  return (
    <div className="stack gap-8">
      <div className="row tight">
        <Icon className="ic s t3" aria-hidden />
        <span className="m trunc">{entity.name}</span>
        {entity.version !== undefined && <span className="t3">{formatVersion(entity.kind, entity.version)}</span>}
        <span className="t3 sm push">{kindWord(entity.kind)}</span>
      </div>
      {query.isPending && <Loading shape="text" rows={2} />}
      {query.data && (
        <>
          {query.data.focus.fact && <p className="t2">{query.data.focus.fact}</p>}
          <KeyValues
            facts={[
              query.data.focus.at !== null && { label: 'Since', value: <Time at={query.data.focus.at} /> },
              from !== '' && { label: 'Made from', value: from },
              to !== '' && { label: 'Used by', value: to },
            ]}
          />
        </>
      )}
      {query.error && (
        <p className="t3 sm">
          {query.error.status === 404 ? 'Nothing more is known in the lineage graph.' : query.error.detail}
        </p>
      )}
    </div>
  )
}
