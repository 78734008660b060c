import {
  type EvaluationSummary,
  getEvaluation,
  getModelCard,
  getModelHandOver,
  listEvaluations,
  type ModelHandOver,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { CodeExample } from '../../ui/code-example.tsx'
import { CommitAtHost } from '../../ui/commit-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { Person } from '../../ui/person.tsx'
import { Aside, Section, WithAside } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { ReportLinks } from '../reports/report-links.tsx'
import { EvaluationSlices } from '../evaluation/evaluation-slices.tsx'
import { SignatureTable } from './signature-table.tsx'

/** Everything that somebody needs who takes a model over or uses it: no meeting. */
export function HandOver({ project, model }: { readonly project: string; readonly model: string }) {
  const query = useContractQuery(getModelHandOver, { params: { project, model }, query: {} })
  return (
    <QueryView query={query} what="what hands the model over" permission="deployment:read">
      {(data) => (
        <WithAside asideLabel="People and data" aside={<Context project={project} handOver={data} />}>
          <CallIt handOver={data} />
          <RunsIn handOver={data} />
          <Callers handOver={data} />
          <Slices project={project} urn={data.urn} />
          <Taken project={project} handOver={data} />
        </WithAside>
      )}
    </QueryView>
  )
}

const sources = {
  'input example': 'with the example that was logged with the model',
  'recorded prediction': 'with the inputs of its newest prediction',
  'made up': 'with values made up by type: log the model with input_example for real ones',
} as const

/** A call that works, in three languages; without a deployment how it is loaded. */
export function CallIt({ handOver: { example, model, version } }: { readonly handOver: ModelHandOver }) {
  const python = `import mlflow\n\nmodel = mlflow.pyfunc.load_model("models:/${model}/${version}")\nmodel.predict(frame)`
  const load = [
    { label: 'Load in Python', code: python },
    { label: 'Fetch files', code: `trivium models get '${model}/${version}' ./model` },
  ]
  return (
    <CodeExample
      title="Call it"
      note={example ? sources[example.source] : 'no deployment serves this version; load it instead'}
      samples={
        example
          ? [
              { label: 'Python', code: example.python },
              { label: 'curl', code: example.curl },
              { label: 'TypeScript', code: example.typescript },
              ...load,
            ]
          : load
      }
    />
  )
}

const states = {
  serving: { kind: 'ok', word: 'this version answers' },
  'other-version': { kind: 'ok', word: 'another version answers' },
  replaced: { kind: 'idle', word: 'another model answers now' },
  retired: { kind: 'idle', word: 'retired' },
} as const

function RunsIn({ handOver: { deployments } }: { readonly handOver: ModelHandOver }) {
  return (
    <Section title="Where it runs" note={formatPlural(deployments.length, 'deployment')}>
      {deployments.length === 0 ? (
        <p className="t2">It was never deployed.</p>
      ) : (
        <DataTable
          label="Deployments"
          keys={false}
          density="compact"
          rows={deployments}
          rowKey={(one) => one.name}
          columns={[
            {
              id: 'name',
              head: 'Deployment',
              cell: (one) => <EntityLink kind="deployment" name={one.name} look="bare" />,
            },
            {
              id: 'state',
              head: 'State',
              cell: (one) => <State kind={states[one.state].kind}>{states[one.state].word}</State>,
            },
            { id: 'version', head: 'Version', align: 'right', cell: (one) => `v${one.version}` },
            { id: 'since', head: 'Since', align: 'right', cell: (one) => <Time at={one.since} /> },
          ]}
        />
      )}
    </Section>
  )
}

function Callers({ handOver: { callers } }: { readonly handOver: ModelHandOver }) {
  return (
    <Section title="Who uses it" note="seen at the gateway, by token">
      {callers.length === 0 ? (
        <p className="t2">Nobody has called it so far.</p>
      ) : (
        <DataTable
          label="Callers"
          keys={false}
          density="compact"
          rows={callers}
          rowKey={(one) => `${one.deployment}/${one.principal}`}
          columns={[
            {
              id: 'who',
              head: 'Caller',
              cell: (one) => <Person name={one.name} id={one.principal} service={one.kind === 'service'} />,
            },
            {
              id: 'through',
              head: 'Through',
              cell: (one) => <EntityLink kind="deployment" name={one.deployment} look="bare" />,
            },
            {
              id: 'versions',
              head: 'Versions',
              cut: true,
              cell: (one) => <span className="t2">{one.versions.map((version) => `v${version}`).join(', ')}</span>,
            },
            {
              id: 'predictions',
              head: 'Predictions',
              align: 'right',
              cell: (one) => <Value value={one.predictions} form="count" />,
            },
            { id: 'last', head: 'Last', align: 'right', cell: (one) => <Time at={one.lastAt} show="age" /> },
          ]}
        />
      )}
    </Section>
  )
}

/** The newest evaluation of the version, by slice. */
function Slices({ project, urn }: { readonly project: string; readonly urn: string }) {
  const list = useContractQuery(listEvaluations, { params: { project }, query: { model: urn, limit: 20 } })
  const newest =
    list.data?.evaluations.find((one: EvaluationSummary) => one.model.urn === urn) ?? list.data?.evaluations[0]
  return (
    <Section
      title="How good it is, by slice"
      note={
        newest && (
          <>
            on <EntityLink kind="dataset" name={newest.dataset.name} version={newest.dataset.version} look="bare" />,{' '}
            {formatPlural(newest.rows, 'row')}, 95 %
          </>
        )
      }
      end={newest && <EntityLink kind="evaluation" name="The evaluation" id={newest.id} look="bare" />}
    >
      <QueryView query={list} what="its evaluations" permission="evaluation:read">
        {() =>
          newest ? (
            <SlicesOf project={project} id={newest.id} />
          ) : (
            <p className="t2">It was not evaluated here. A pipeline step of kind evaluate does that.</p>
          )
        }
      </QueryView>
    </Section>
  )
}

function SlicesOf({ project, id }: { readonly project: string; readonly id: string }) {
  const query = useContractQuery(
    getEvaluation,
    { params: { project, evaluation: id } },
    { staleTime: Number.POSITIVE_INFINITY },
  )
  const [chosen, choose] = useState({ column: '', metric: '' })
  return (
    <QueryView query={query} what="the evaluation" shape="chart">
      {(evaluation) => (
        <EvaluationSlices
          evaluation={evaluation}
          column={chosen.column}
          metric={chosen.metric}
          onColumn={(column) => choose({ ...chosen, column })}
          onMetric={(metric) => choose({ ...chosen, metric })}
        />
      )}
    </QueryView>
  )
}

/** Signature, limits, environment: from the card. */
function Taken({ project, handOver }: { readonly project: string; readonly handOver: ModelHandOver }) {
  const { model, version } = handOver
  const query = useContractQuery(getModelCard, { params: { project, model, version } })
  return (
    <QueryView query={query} what="the card">
      {(card) => (
        <div className="mt-24">
          <SignatureTable signature={card.signature} />
          <Section title="Limits and known issues" note="written down, and found by checks, gates and alerts">
            <ul className="bullets">
              {[...card.knownIssues, ...card.tradeOffs].map((one) => (
                <li key={`${one.source}/${one.text}`}>
                  {one.text} <span className="t3">{one.source}</span>
                </li>
              ))}
            </ul>
            {card.knownIssues.length + card.tradeOffs.length === 0 && <p className="t2">None is known.</p>}
          </Section>
          <Section title="Environment" note={card.dependencies.map((one) => one.file).join(', ')}>
            {card.dependencies.slice(0, 1).map((one) => (
              <pre key={one.file} className="well mono" tabIndex={0}>
                {one.text}
              </pre>
            ))}
            {card.dependencies.length === 0 && <p className="t2">The model was logged without a list of packages.</p>}
          </Section>
        </div>
      )}
    </QueryView>
  )
}

function Context({ project, handOver }: { readonly project: string; readonly handOver: ModelHandOver }) {
  const { model, version, contacts, code, unwritten } = handOver
  const card = useContractQuery(getModelCard, { params: { project, model, version } })
  const made = [...(card.data?.trainingData ?? []), ...(card.data?.madeWith ?? [])]
  return (
    <>
      <Aside title="Who to ask">
        <ul className="stack gap-4">
          {contacts.map((one) => (
            <li key={one.name}>
              <Person name={one.name} /> <span className="t3">{one.why}</span>
            </li>
          ))}
        </ul>
      </Aside>
      <ReportLinks project={project} urn={`trivium://${project}/model/${model}`} />
      <Aside title="Trained on and made with">
        <ul className="stack gap-4">
          {made.map((one) => {
            const entity = parseUrn(one.urn)
            return (
              <li key={one.urn}>
                {entity ? (
                  <EntityLink
                    kind={entity.kind}
                    name={entity.name}
                    id={entity.id}
                    version={entity.version}
                    look="bare"
                  />
                ) : (
                  <span className="mono">{one.urn}</span>
                )}{' '}
                <span className="t3">{one.as.replaceAll('-', ' ')}</span>{' '}
                {entity?.kind === 'commit' && code && (
                  <CommitAtHost commit={code.commit} repository={code.repository} />
                )}
              </li>
            )
          })}
        </ul>
        {card.data && made.length === 0 && <p className="t2">Nothing is on record.</p>}
      </Aside>
      {card.data?.usage.text && (
        <Aside title="What it is for">
          <p className="t2">{card.data.usage.text}</p>
        </Aside>
      )}
      {unwritten.length > 0 && (
        <Aside title="Nobody has written" note="the rest is from records">
          <ul className="stack gap-8">
            {unwritten.map((one) => (
              <li key={one.part}>
                {one.part}
                <div className="t3 sm mono" style={{ overflowWrap: 'anywhere' }}>
                  {one.how}
                </div>
              </li>
            ))}
          </ul>
        </Aside>
      )}
    </>
  )
}
