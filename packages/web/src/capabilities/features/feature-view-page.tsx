import { checkFeatureParity, type FeatureView, getFeatureView, lookupFeatures } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Facts, KeyValues } from '../../ui/facts.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Aside, Section, WithAside } from '../../ui/section.tsx'
import { Redacted, redactedWord } from '../../ui/redacted.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

/** One feature view: its definition, a lookup to try, and whether training and serving agree. */
export function Page() {
  const { project, view: name } = usePageParams<'view'>()
  const view = useContractQuery(getFeatureView, { params: { project, view: name } })
  return (
    <QueryView query={view} what="the feature view" shape="facts" permission="feature:read">
      {(data) => (
        <>
          <PageHeader kind="feature" title={data.name} version={data.version} />
          <Facts
            facts={[
              { label: 'Key', value: <span className="mono">{data.definition.keys.join(', ')}</span> },
              { label: 'Window', value: data.definition.window },
              { label: 'Rows', value: <Value value={data.rows} form="count" /> },
              { label: 'Newest row', value: <Time at={data.newestRow} clock="event" /> },
              { label: 'Definition', value: <Hash value={data.digest} /> },
            ]}
          />
          {data.definition.description && <Claim>{data.definition.description}</Claim>}
          <WithAside asideLabel="Try it" aside={<Lookup project={project} view={data} />}>
            <Section title="Features" note="the same definition for training, point in time, and online">
              <DataTable
                label="Features"
                keys={false}
                rows={Object.entries(data.definition.features)}
                rowKey={([feature]) => feature}
                columns={[
                  { id: 'name', head: 'Feature', cell: ([feature]) => <span className="mono m">{feature}</span> },
                  {
                    id: 'expression',
                    head: 'Aggregate over the window',
                    cell: ([, expression]) => <span className="mono">{expression}</span>,
                  },
                  {
                    id: 'default',
                    head: 'Without rows',
                    align: 'right',
                    cell: ([feature]) => <Value value={data.definition.defaults?.[feature]} />,
                  },
                ]}
              />
            </Section>
            <Section title="Columns of a row" note="what is pushed as it becomes known">
              <DataTable
                label="Columns"
                keys={false}
                density="compact"
                rows={Object.entries(data.definition.columns)}
                rowKey={([column]) => column}
                columns={[
                  { id: 'name', head: 'Column', cell: ([column]) => <span className="mono">{column}</span> },
                  { id: 'type', head: 'Type', cell: ([, type]) => <span className="t2">{type}</span> },
                ]}
              />
            </Section>
            <Parity project={project} name={name} />
          </WithAside>
        </>
      )}
    </QueryView>
  )
}

function Parity({ project, name }: { readonly project: string; readonly name: string }) {
  const parity = useContractMutation(checkFeatureParity)
  const found = parity.data
  return (
    <Section
      title="Training and serving agree"
      note="sampled moments, computed on both sides"
      end={
        <Button
          size="small"
          pending={parity.isPending}
          onClick={() => parity.mutate({ params: { project, view: name }, body: {} })}
        >
          Compare now
        </Button>
      }
    >
      {parity.error && <State kind="bad">{parity.error.detail}</State>}
      {found && found.compared === 0 && <State kind="none">cannot judge yet, no row was pushed</State>}
      {found && found.compared > 0 && (
        <State kind={found.different === 0 ? 'ok' : 'bad'}>
          {found.different === 0
            ? `${formatCount(found.compared)} values, all equal`
            : `${formatCount(found.different)} of ${formatCount(found.compared)} values differ`}
        </State>
      )}
      {!found && !parity.error && <p className="t2">Not compared on this page yet.</p>}
    </Section>
  )
}

function Lookup({ project, view }: { readonly project: string; readonly view: FeatureView }) {
  const [keys, setKeys] = useState<Record<string, string>>({})
  const lookup = useContractMutation(lookupFeatures)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    lookup.mutate({ params: { project, view: view.name }, body: { keys: [keys] } })
  }
  const row = lookup.data?.rows[0]
  return (
    <Aside title="Try it" note="as known at event time now">
      <form onSubmit={submit} className="stack gap-8">
        {view.definition.keys.map((key) => (
          <label key={key} className="field">
            <span className="mono">{key}</span>
            <input
              className="inp"
              value={keys[key] ?? ''}
              onChange={(event) => setKeys({ ...keys, [key]: event.target.value })}
              required
            />
          </label>
        ))}
        <div>
          <Button type="submit" pending={lookup.isPending}>
            Look up
          </Button>
        </div>
      </form>
      {lookup.error && <State kind="bad">{lookup.error.detail}</State>}
      {row && (
        <div className="mt-12">
          <KeyValues
            facts={[
              ...Object.entries(row).map(([feature, value]) => ({
                label: feature,
                value: value === redactedWord ? <Redacted /> : <Value value={value} />,
              })),
              { label: 'as of', value: <Time at={lookup.data?.asOf} clock="event" /> },
            ]}
          />
        </div>
      )}
    </Aside>
  )
}
