import type { DataSheet, LineageEdge, LineageNode } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { orGone } from '../../../kernel/errors/index.ts'
import type { Lineage, LineageGraph } from '../../lineage/index.ts'
import type { Datasets } from '../datasets.ts'
import { readSheetParts } from './sheet-parts.ts'

/** Kinds that use data, as a sheet lists them. */
const usingKinds = ['run', 'pipeline-run', 'feature-view', 'evaluation', 'model', 'deployment', 'report']
const mostUses = 200
const walked = { back: 1, forward: 6, limit: 1000 }

export interface SheetDeps extends Pick<Kernel, 'db'> {
  readonly datasets: Pick<Datasets, 'get' | 'statistics'>
  readonly lineage: Pick<Lineage, 'walk'>
}

/** The sheet of a version. What the reader may not see of personal columns is left out, as on every page. */
export async function readDataSheet(deps: SheetDeps, scope: Scope, name: string, number: number): Promise<DataSheet> {
  const { version, profile, checks, balance } = await deps.datasets.statistics(scope, name, number)
  const dataset = await deps.datasets.get(scope, name)
  const { urn } = version
  const graph = await orGone(() => deps.lineage.walk(scope, { urn, ...walked }))
  const uses = graph ? usesOf(graph, name) : []
  const profiles = new Map(profile.columns.map((column) => [column.name, column]))
  return {
    dataset: name,
    version: number,
    urn,
    digest: version.digest,
    description: dataset.description,
    composition: {
      rows: version.rows,
      addedRows: version.addedRows,
      bytes: version.bytes,
      eventTime:
        version.eventTimeColumn === null
          ? null
          : { column: version.eventTimeColumn, from: version.minTime, to: version.maxTime },
      columns: version.columns.map(({ name: column, type }) => {
        const found = profiles.get(column)
        return {
          name: column,
          type,
          personal: dataset.personal.includes(column),
          sealed: version.sealed.includes(column),
          missing: found?.nulls ?? null,
          distinct: found?.distinct ?? null,
          min: found?.min ?? null,
          mean: found?.mean ?? null,
          max: found?.max ?? null,
          top: found?.top?.[0]?.value ?? null,
        }
      }),
      label: balance === null ? null : { column: balance.column, classes: balance.classes },
      subjectColumn: dataset.subjectColumn,
      redacted: version.redacted,
    },
    origin: {
      addedAt: version.createdAt,
      addedByName: version.createdByName,
      note: version.note,
      mode: version.mode,
      madeFrom: graph ? originOf(graph) : [],
    },
    checks,
    owners: dataset.owners,
    usedBy: uses.slice(0, mostUses),
    moreUses: uses.length > mostUses || (graph?.truncated ?? false),
    parts: await readSheetParts(deps, scope.project, name),
  }
}

const useOf = ({ urn, kind, name, version }: LineageNode): DataSheet['usedBy'][number] => ({ urn, kind, name, version })

function originOf({ focus, nodes, edges }: LineageGraph): DataSheet['origin']['madeFrom'] {
  const known = new Map(nodes.map((node) => [node.urn, node]))
  return edges
    .filter(({ to }) => to === focus.urn)
    .flatMap(({ from, as }) => {
      const node = known.get(from)
      return node ? [{ ...useOf(node), as }] : []
    })
}

/** What was made from the focus, directly or through others, but for what was made from a later version of the same dataset. */
function usesOf({ focus, nodes, edges }: LineageGraph, dataset: string): DataSheet['usedBy'] {
  const known = new Map(nodes.map((node) => [node.urn, node]))
  const after = Map.groupBy(edges, ({ from }: LineageEdge) => from)
  const reached = new Set<string>([focus.urn])
  for (const urn of reached)
    for (const { to } of after.get(urn) ?? []) {
      const node = known.get(to)
      if (node && !(node.kind === 'dataset' && node.name === dataset)) reached.add(to)
    }
  return [...reached]
    .flatMap((urn) => known.get(urn) ?? [])
    .filter(({ kind, urn }) => usingKinds.includes(kind) && urn !== focus.urn)
    .toSorted((a, b) => usingKinds.indexOf(a.kind) - usingKinds.indexOf(b.kind) || (a.urn < b.urn ? -1 : 1))
    .map(useOf)
}
