import { getQuotas, type ProjectQuotas, type Quota, quotaNames, setQuotas } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { formatBytes, formatCount } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

/** What the project and each principal in it may use, what is used of it, and by whom. */
export function QuotasPanel({ project }: { readonly project: string }) {
  const quotas = useContractQuery(getQuotas, { params: { project } }, { refetchInterval: 10_000 })
  return (
    <QueryView query={quotas} what="the quotas" permission="project:read">
      {(data) => (
        <>
          <Section
            title="Quotas"
            note="minutes and days are those of UTC; what is over a limit is refused and told when to come again"
          >
            <DataTable
              label="Quotas"
              rows={data.quotas}
              rowKey={(one) => one.name}
              density="two-line"
              tone={(one) => (isNearlyUsed(one) ? 'warn' : undefined)}
              columns={[
                {
                  id: 'name',
                  head: 'Quota',
                  cell: (one) => (
                    <div className="sentence-cell">
                      <span className="m">{one.name}</span>
                      <span className="xs">{one.summary}</span>
                    </div>
                  ),
                },
                { id: 'used', head: 'Used', align: 'right', cell: (one) => amountOf(one, one.used) },
                { id: 'limit', head: 'Limit', align: 'right', cell: (one) => limitOf(one) },
                { id: 'use', head: 'Share', cell: (one) => <Share quota={one} /> },
                {
                  id: 'set',
                  head: 'Set by',
                  cell: (one) => (one.own ? 'administrator' : <span className="t2">default</span>),
                },
              ]}
            />
            <SetLimit project={project} quotas={data.quotas} />
          </Section>
          <ByPrincipal quotas={data} />
        </>
      )}
    </QueryView>
  )
}

/** How much of a limit is used; nothing is drawn where there is none. */
function Share({ quota }: { readonly quota: Quota }) {
  if (quota.limit === 0) return <span className="t3">no limit</span>
  const share = Math.min(1, quota.used / quota.limit)
  return (
    <span className="row">
      <div
        className="progress-track quota-share"
        role="meter"
        aria-label={`${quota.name} used`}
        aria-valuemin={0}
        aria-valuemax={quota.limit}
        aria-valuenow={Math.min(quota.used, quota.limit)}
        aria-valuetext={`${amountOf(quota, quota.used)} of ${amountOf(quota, quota.limit)}`}
      >
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
      {isNearlyUsed(quota) && (
        <State kind="warn">{share === 1 ? 'used up' : `${Math.floor(share * 100)} % used`}</State>
      )}
    </span>
  )
}

/** From nine tenths on it is time to look. */
const isNearlyUsed = ({ limit, used }: Pick<Quota, 'limit' | 'used'>): boolean => limit > 0 && used >= limit * 0.9

function SetLimit({ project, quotas }: { readonly project: string; readonly quotas: readonly Quota[] }) {
  const allowed = usePermission(project, 'instance:admin')
  const [name, setName] = useState<Quota['name']>('storage')
  const [text, setText] = useState('')
  const set = useContractMutation(setQuotas, { invalidates: [getQuotas], onDone: () => setText('') })
  const denied = allowed ? undefined : 'Only an administrator of the instance sets limits.'
  const wrong = text !== '' && !/^\d{1,15}$/.test(text) ? 'A whole number; 0 is no limit.' : undefined
  const chosen = quotas.find((one) => one.name === name)
  const save = (limit: number | null) => set.mutate({ params: { project }, body: { limits: { [name]: limit } } })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!denied && text !== '' && !wrong) save(Number(text))
  }
  return (
    <form className="row wrap mt-16" style={{ alignItems: 'end' }} onSubmit={submit}>
      <SelectField
        label="Quota"
        value={name}
        onChange={(event) => setName(event.target.value as Quota['name'])}
        options={quotaNames.map((one) => ({ value: one, label: one }))}
      />
      <TextField
        label="Limit"
        inputMode="numeric"
        value={text}
        unit={chosen?.per ? `${chosen.unit} a ${chosen.per}` : (chosen?.unit ?? '')}
        error={wrong}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" pending={set.isPending} denied={denied ?? (text === '' ? 'Type a limit first.' : wrong)}>
        Set limit
      </Button>
      <Button
        look="quiet"
        denied={denied ?? (chosen?.own ? undefined : 'It has its default.')}
        onClick={() => save(null)}
      >
        Bring default back
      </Button>
      {set.error && <State kind="bad">{set.error.detail}</State>}
    </form>
  )
}

function ByPrincipal({ quotas: { quotas, principals } }: { readonly quotas: ProjectQuotas }) {
  const named = new Map(quotas.map((one) => [one.name, one]))
  const rows = principals.flatMap(({ id, name, used }) =>
    used.flatMap((one) => {
      const quota = named.get(one.name)
      return quota ? [{ id, who: name, quota: { ...quota, used: one.used } }] : []
    }),
  )
  return (
    <Section title="By principal" note="in this minute and day">
      {rows.length === 0 ? (
        <p className="t2">Nobody has used anything in this minute or sent anything today.</p>
      ) : (
        <DataTable
          label="Use by principal"
          rows={rows}
          rowKey={(one) => `${one.id}/${one.quota.name}`}
          columns={[
            { id: 'who', head: 'Who', cell: (one) => one.who },
            { id: 'name', head: 'Quota', cell: (one) => <span className="m">{one.quota.name}</span> },
            { id: 'use', head: 'Share', cell: (one) => <Share quota={one.quota} /> },
            { id: 'used', head: 'Used', align: 'right', cell: (one) => amountOf(one.quota, one.quota.used) },
            { id: 'limit', head: 'Limit', align: 'right', cell: (one) => limitOf(one.quota) },
          ]}
        />
      )}
    </Section>
  )
}

const amountOf = ({ unit }: Pick<Quota, 'unit'>, amount: number): string =>
  unit === 'bytes' ? formatBytes(amount) : formatCount(amount)

const limitOf = (quota: Quota): string =>
  quota.limit === 0 ? 'none' : `${amountOf(quota, quota.limit)}${quota.per === null ? '' : ` a ${quota.per}`}`
