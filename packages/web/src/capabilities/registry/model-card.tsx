import { getModelCard } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { UrnLink } from '../../ui/urn-link.tsx'
import { Value } from '../../ui/value.tsx'

/** All that is on record about a version, for somebody who wants to use it again. */
export function ModelCard(params: { readonly project: string; readonly model: string; readonly version: number }) {
  const query = useContractQuery(getModelCard, { params })
  return (
    <QueryView query={query} what="the card of the version">
      {(card) => (
        <>
          <Section title="Architecture">
            <Facts
              facts={[
                card.architecture.estimator !== null && { label: 'Estimator', value: card.architecture.estimator },
                { label: 'Format', value: card.architecture.format ?? 'unknown' },
                { label: 'Size', value: <Value value={card.architecture.bytes} form="bytes" /> },
              ]}
            />
          </Section>
          <Section title="Trained on and made with">
            <ul className="stack gap-4">
              {[...card.trainingData, ...card.madeWith].map((ref) => (
                <li key={ref.urn} className="sm">
                  <UrnLink urn={ref.urn} /> <span className="t2">{ref.as.replaceAll('-', ' ')}</span>
                </li>
              ))}
            </ul>
            {card.trainingData.length + card.madeWith.length === 0 && <p className="t2">Nothing is on record.</p>}
          </Section>
          <Section title="Hyperparameters">
            <Pairs rows={Object.entries(card.hyperparameters)} label="Hyperparameters" />
          </Section>
          <Section title="Known issues and trade-offs" note="written down, and found by checks, gates and alerts">
            <ul className="bullets">
              {[...card.knownIssues, ...card.tradeOffs].map((one) => (
                <li key={`${one.source}/${one.text}`}>
                  {one.text} <span className="t3">{one.source}</span>
                </li>
              ))}
            </ul>
            {card.knownIssues.length + card.tradeOffs.length === 0 && <p className="t2">None is known.</p>}
          </Section>
          <Section title="Evaluation">
            <DataTable
              label="Evaluations"
              keys={false}
              rows={card.evaluations}
              rowKey={(one) => `${one.kind}/${one.summary}`}
              columns={[
                { id: 'what', head: 'What was found', cut: true, cell: (one) => one.summary },
                {
                  id: 'on',
                  head: 'On',
                  cell: (one) => (one.dataset === null ? <span className="t3">–</span> : <UrnLink urn={one.dataset} />),
                },
                { id: 'at', head: 'Event time', align: 'right', cell: (one) => <Time at={one.at} clock="event" /> },
              ]}
            />
          </Section>
          <Section title="Dependencies">
            {card.dependencies.map((one) => (
              <div key={one.file}>
                <p className="mono">{one.file}</p>
                <pre className="well mono">{one.text}</pre>
              </div>
            ))}
            {card.dependencies.length === 0 && <p className="t2">The model was logged without a list of packages.</p>}
          </Section>
          <Section title="Usage">
            {card.usage.text !== null && <p className="prose">{card.usage.text}</p>}
            <pre className="well mono">{[card.usage.python, card.usage.curl].filter(Boolean).join('\n\n')}</pre>
          </Section>
          <Section title="Deployments">
            <ul className="stack gap-4">
              {card.deployments.map((one) => (
                <li key={one.name}>
                  <EntityLink kind="deployment" name={one.name} look="bare" /> <span className="t2">{one.state}</span>
                </li>
              ))}
            </ul>
            {card.deployments.length === 0 && <p className="t2">It was never deployed.</p>}
          </Section>
        </>
      )}
    </QueryView>
  )
}

function Pairs({ rows, label }: { readonly rows: readonly (readonly [string, string])[]; readonly label: string }) {
  if (rows.length === 0) return <p className="t2">None is on record.</p>
  return (
    <DataTable
      label={label}
      keys={false}
      density="compact"
      rows={rows}
      rowKey={([key]) => key}
      columns={[
        { id: 'key', head: 'Name', cell: ([key]) => <span className="mono">{key}</span> },
        { id: 'value', head: 'Value', cell: ([, value]) => value },
      ]}
    />
  )
}
