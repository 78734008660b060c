import { getLineage, getPrediction, type LineageNode } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Denied } from '../../ui/page-states.tsx'
import { Aside, Section, WithAside } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { Redacted, redactedWord } from '../../ui/redacted.tsx'
import { Value } from '../../ui/value.tsx'

/** One prediction: what went in and came out, what was observed, and the whole way back and forward. */
export function Page() {
  const { project, prediction } = usePageParams<'prediction'>()
  const [deployment = '', id = ''] = prediction.split(/:(.*)/s)
  const one = useContractQuery(getPrediction, { params: { project, deployment, prediction: id }, query: {} })
  const urn = one.data?.urn ?? ''
  const graph = useContractQuery(
    getLineage,
    { params: { project }, query: { urn, back: 5, forward: 4 } },
    { enabled: urn !== '' },
  )
  return (
    <QueryView query={one} what="the prediction" shape="facts" permission="prediction:read">
      {(data) => (
        <>
          <PageHeader
            kind="prediction"
            title={data.id}
            state={
              data.label === null
                ? { kind: 'none', word: data.withheld ? 'withheld' : 'not observed yet' }
                : {
                    kind: 'ok',
                    word: `observed: ${typeof data.label.value === 'boolean' ? (data.label.value ? 'yes' : 'no') : data.label.value}`,
                  }
            }
            actions={
              <Button href={`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(data.urn)}`}>
                Lineage graph
              </Button>
            }
          />
          <Facts
            facts={[
              { label: 'Deployment', value: <EntityLink kind="deployment" name={deployment} look="bare" /> },
              {
                label: 'Answered by',
                value: <EntityLink kind="model" name={data.model} version={data.version} look="bare" />,
              },
              { label: 'Event time', value: <Time at={data.eventTime} clock="event" /> },
              { label: 'Answered', value: <Time at={data.at} seconds /> },
              { label: 'Took', value: <Duration ms={data.latencyMicros / 1000} /> },
              data.copies > 1 && { label: 'Asked', value: `${data.copies} times, the first counts` },
            ]}
          />
          <WithAside
            asideLabel="What was observed"
            aside={
              <Aside title="Observed" note={data.labels.length > 1 ? 'the last one counts' : undefined}>
                {data.withheld ? (
                  <p className="t2">Labels need data:read-rows.</p>
                ) : data.labels.length === 0 ? (
                  <p className="t2">No label yet. It counts from the moment at which it becomes known.</p>
                ) : (
                  <ol className="stack gap-8">
                    {data.labels.map((label) => (
                      <li key={`${label.at}`} className="row">
                        <span className={label.current ? 'm' : 't3'}>
                          {typeof label.value === 'boolean' ? (label.value ? 'yes' : 'no') : label.value}
                        </span>
                        <span className="sm t2">
                          known <Time at={label.eventTime} clock="event" />
                          {label.correction ? ', a correction' : ''}
                        </span>
                      </li>
                    ))}
                  </ol>
                )}
              </Aside>
            }
          >
            {data.withheld ? (
              <Denied what="what went in, what came out and what was observed" permission="data:read-rows" />
            ) : (
              <div className="cols-3">
                <Values title="What was sent" values={data.inputs} />
                <Values title="Looked up" note="as known then" values={data.features} />
                <Values title="Answer" values={data.outputs} strong />
              </div>
            )}
            <Section title="Made from" note="back to the origin, nearest first">
              <QueryView query={graph} what="its lineage">
                {({ nodes }) => <Way nodes={nodes.filter((node) => node.depth < 0)} />}
              </QueryView>
            </Section>
            <Section title="What followed">
              <QueryView query={graph} what="what followed">
                {({ nodes }) =>
                  nodes.some((node) => node.depth > 0) ? (
                    <Way nodes={nodes.filter((node) => node.depth > 0)} />
                  ) : (
                    <p className="t2">Its window is not closed yet.</p>
                  )
                }
              </QueryView>
            </Section>
          </WithAside>
        </>
      )}
    </QueryView>
  )
}

function Values({
  title,
  note,
  values,
  strong = false,
}: {
  readonly title: string
  readonly note?: string
  readonly values: Readonly<Record<string, string | number | boolean | null>>
  readonly strong?: boolean
}) {
  const rows = Object.entries(values)
  return (
    <Section title={title} note={note}>
      {rows.length === 0 ? (
        <p className="t2">Nothing.</p>
      ) : (
        <DataTable
          label={title}
          headless
          keys={false}
          density="compact"
          rows={rows}
          rowKey={([name]) => name}
          columns={[
            { id: 'name', head: 'Name', cell: ([name]) => <span className="t2">{name}</span> },
            {
              id: 'value',
              head: 'Value',
              align: 'right',
              cell: ([, value]) =>
                typeof value === 'number' ? (
                  <Value value={value} strong={strong} />
                ) : value === redactedWord ? (
                  <Redacted />
                ) : (
                  String(value ?? '–')
                ),
            },
          ]}
        />
      )}
    </Section>
  )
}

function Way({ nodes }: { readonly nodes: readonly LineageNode[] }) {
  return (
    <DataTable
      label="Lineage"
      keys={false}
      density="compact"
      rows={nodes.toSorted((a, b) => Math.abs(a.depth) - Math.abs(b.depth))}
      rowKey={(node) => node.urn}
      columns={[
        { id: 'kind', head: 'Kind', cell: (node) => <span className="t2">{node.kind.replace('-', ' ')}</span> },
        {
          id: 'name',
          head: 'Entity',
          cell: (node) => (
            <EntityLink
              kind={node.kind}
              name={node.name}
              id={parseUrn(node.urn)?.id}
              version={node.version ?? undefined}
              look="bare"
            />
          ),
        },
        { id: 'fact', head: 'Fact', cut: true, cell: (node) => <span className="t2">{node.fact}</span> },
        { id: 'at', head: 'When', align: 'right', cell: (node) => <Time at={node.at} clock="event" /> },
      ]}
    />
  )
}
