import {
  createWebhook,
  deleteWebhook,
  listWebhookDeliveries,
  listWebhooks,
  replayWebhookDeliveries,
  tryWebhook,
  updateWebhook,
  type Webhook,
  type WebhookDelivery,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Note, Section } from '../../ui/section.tsx'
import { State, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Who is told of events, how it goes, and what was given up. */
export function WebhooksPanel({ project }: { readonly project: string }) {
  const hooks = useContractQuery(listWebhooks, { params: { project } }, { refetchInterval: 10_000 })
  const [chosen, setChosen] = useState<string>()
  const invalidates = { invalidates: [listWebhooks, listWebhookDeliveries] }
  const change = useContractMutation(updateWebhook, invalidates)
  const remove = useContractMutation(deleteWebhook, invalidates)
  const send = useContractMutation(tryWebhook, invalidates)
  const error = change.error ?? remove.error ?? send.error
  return (
    <>
      <Section title="Webhooks" note="signed CloudEvents, tried again for a day and a half">
        <QueryView query={hooks} what="the webhooks" permission="webhook:write">
          {({ webhooks }) =>
            webhooks.length === 0 ? (
              <p className="t2">Nobody is told yet. Make one below, for example for alert.opened.</p>
            ) : (
              <DataTable
                label="Webhooks"
                rows={webhooks}
                rowKey={(hook) => hook.name}
                tone={(hook) => (hook.active ? undefined : 'faint')}
                columns={[
                  { id: 'name', head: 'Name', cell: (hook) => <span className="m">{hook.name}</span> },
                  { id: 'state', head: 'State', cell: (hook) => <HookState hook={hook} /> },
                  { id: 'url', head: 'Posts to', cut: true, cell: (hook) => <span title={hook.url}>{hook.url}</span> },
                  {
                    id: 'events',
                    head: 'Events',
                    cell: (hook) => <div className="sentence-cell">{hook.events.join(', ')}</div>,
                  },
                  {
                    id: 'last',
                    head: 'Last delivered',
                    align: 'right',
                    cell: (hook) => <Time at={hook.deliveredAt} show="age" />,
                  },
                  {
                    id: 'act',
                    head: '',
                    align: 'right',
                    cell: (hook) => {
                      const params = { project, webhook: hook.name }
                      return (
                        <span className="row tight">
                          <Button
                            size="small"
                            look="quiet"
                            onClick={() => setChosen(chosen === hook.name ? undefined : hook.name)}
                          >
                            Deliveries
                          </Button>
                          <Button size="small" look="quiet" onClick={() => send.mutate({ params })}>
                            Try
                          </Button>
                          <Button
                            size="small"
                            look="quiet"
                            onClick={() => change.mutate({ params, body: { active: !hook.active } })}
                          >
                            {hook.active ? 'Turn off' : 'Turn on'}
                          </Button>
                          <Button size="small" look="quiet" onClick={() => remove.mutate({ params })}>
                            Remove
                          </Button>
                        </span>
                      )
                    },
                  },
                ]}
              />
            )
          }
        </QueryView>
        {error && <State kind="bad">{error.detail}</State>}
        {send.data && (
          <State kind={send.data.state === 'delivered' ? 'ok' : 'bad'}>
            {send.data.error ?? `${send.data.webhook} answered ${send.data.status}`}
          </State>
        )}
      </Section>
      {chosen !== undefined && <Deliveries project={project} webhook={chosen} />}
      <NewWebhook project={project} />
    </>
  )
}

function HookState({ hook }: { readonly hook: Webhook }) {
  if (!hook.active) return <State kind="idle">off</State>
  if (hook.dead > 0) return <State kind="bad">{`${formatPlural(hook.dead, 'delivery', 'deliveries')} given up`}</State>
  if (hook.waiting > 0) return <State kind="run">{`${hook.waiting} waiting`}</State>
  return <State kind="ok">works</State>
}

const deliveryStates: Record<WebhookDelivery['state'], { readonly kind: StateKind; readonly word: string }> = {
  waiting: { kind: 'run', word: 'waiting' },
  delivered: { kind: 'ok', word: 'delivered' },
  dead: { kind: 'bad', word: 'given up' },
}

function Deliveries({ project, webhook }: { readonly project: string; readonly webhook: string }) {
  const params = { project, webhook }
  const deliveries = useContractQuery(
    listWebhookDeliveries,
    { params, query: { limit: 100 } },
    { refetchInterval: 5000 },
  )
  const replay = useContractMutation(replayWebhookDeliveries, { invalidates: [listWebhooks, listWebhookDeliveries] })
  const dead = deliveries.data?.deliveries.some((one) => one.state === 'dead') === true
  return (
    <Section
      title={`Deliveries of ${webhook}`}
      note="the newest 100"
      end={
        dead && (
          <Button size="small" pending={replay.isPending} onClick={() => replay.mutate({ params, body: {} })}>
            Try all again that were given up
          </Button>
        )
      }
    >
      <QueryView query={deliveries} what="the deliveries" permission="webhook:write">
        {({ deliveries: rows }) =>
          rows.length === 0 ? (
            <p className="t2">Nothing happened since that it tells.</p>
          ) : (
            <DataTable
              label={`Deliveries of ${webhook}`}
              rows={rows}
              rowKey={(one) => one.id}
              columns={[
                { id: 'made', head: 'Made', cell: (one) => <Time at={one.createdAt} /> },
                { id: 'event', head: 'Event', cell: (one) => <span className="m">{one.event}</span> },
                {
                  id: 'about',
                  head: 'About',
                  cut: true,
                  cell: (one) => (
                    <span className="t2" title={one.subject}>
                      {one.subject.split('/').slice(3).join('/')}
                    </span>
                  ),
                },
                {
                  id: 'state',
                  head: 'State',
                  cell: (one) => <State kind={deliveryStates[one.state].kind}>{deliveryStates[one.state].word}</State>,
                },
                { id: 'attempts', head: 'Attempts', align: 'right', cell: (one) => one.attempts },
                {
                  id: 'answer',
                  head: 'Answer',
                  cell: (one) => <div className="sentence-cell">{one.error ?? one.status}</div>,
                },
                { id: 'next', head: 'Next attempt', align: 'right', cell: (one) => <Time at={one.nextAt} /> },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (one) =>
                    one.state === 'dead' && (
                      <Button
                        size="small"
                        look="quiet"
                        onClick={() => replay.mutate({ params, body: { deliveries: [one.id] } })}
                      >
                        Try again
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </QueryView>
      {replay.error && <State kind="bad">{replay.error.detail}</State>}
    </Section>
  )
}

function NewWebhook({ project }: { readonly project: string }) {
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [events, setEvents] = useState('alert.*')
  const create = useContractMutation(createWebhook, {
    invalidates: [listWebhooks],
    onDone: () => {
      setName('')
      setUrl('')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const patterns = events.split(',').map((one) => one.trim())
    create.mutate({ params: { project }, body: { name, url, events: patterns } })
  }
  return (
    <Section title="Make a webhook">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        <label className="field">
          <span>Name</span>
          <input
            className="inp"
            value={name}
            required
            maxLength={63}
            placeholder="pager"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="field">
          <span>Posts to</span>
          <input
            className="inp"
            type="url"
            value={url}
            required
            placeholder="https://hooks.example.org/trivium"
            onChange={(event) => setUrl(event.target.value)}
          />
        </label>
        <label className="field">
          <span>Events, separated by commas; alert.* is all of alerts, * is everything</span>
          <input className="inp" value={events} required onChange={(event) => setEvents(event.target.value)} />
        </label>
        {create.error && <State kind="bad">{create.error.detail}</State>}
        <div>
          <Button type="submit" look="primary" pending={create.isPending}>
            Make webhook
          </Button>
        </div>
      </form>
      {create.data && (
        <Note>
          <p>Requests are signed with this secret. Copy it now; it is not shown again.</p>
          <CommandBox command={create.data.secret} />
        </Note>
      )}
    </Section>
  )
}
