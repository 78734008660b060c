import {
  acknowledgeAlert,
  type AlertDetail,
  type AlertUsefulness,
  getAlert,
  listAlerts,
  listInbox,
  rateAlert,
  resolveAlert,
} from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { DecisionForm } from '../../ui/decision-form.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { KeyValues } from '../../ui/facts.tsx'
import { Aside, Note } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { Difference, Interval, Value } from '../../ui/value.tsx'
import { formatLimit, measureTitle } from '../monitoring/measure-words.ts'

interface AlertAsideProps {
  readonly project: string
  readonly alert: AlertDetail
  readonly denied: string | undefined
  /** The reader asked for the form to resolve. */
  readonly resolving: boolean
}

const answers: readonly { readonly value: AlertUsefulness; readonly label: string }[] = [
  { value: 'useful', label: 'Useful' },
  { value: 'noise', label: 'Noise' },
  { value: 'too-early', label: 'Too early to say' },
]

/** What to do about an alert, how much it matters, and whether it was worth it. */
export function AlertAside({ project, alert, denied, resolving }: AlertAsideProps) {
  const invalidates = [getAlert, listAlerts, listInbox]
  const params = { project, alert: alert.id }
  const acknowledge = useContractMutation(acknowledgeAlert, { invalidates })
  const resolve = useContractMutation(resolveAlert, { invalidates })
  const rate = useContractMutation(rateAlert, { invalidates })
  const { evidence } = alert
  const error = acknowledge.error?.detail ?? resolve.error?.detail
  return (
    <>
      <Aside title="Suggested">
        <Note tone={alert.state === 'resolved' ? 'plain' : 'warn'}>{evidence.suggestion}</Note>
      </Aside>
      {alert.kind === 'performance' && (
        <Aside title="Effect">
          <KeyValues
            facts={[
              {
                label: measureTitle(evidence.measure),
                value: (
                  <Interval
                    value={evidence.value}
                    low={evidence.valueInterval?.low}
                    high={evidence.valueInterval?.high}
                  />
                ),
              },
              { label: 'Baseline', value: <Value value={evidence.baseline} /> },
              {
                label: 'Worse by',
                value: (
                  <Difference
                    value={evidence.effect}
                    low={evidence.lossInterval?.low}
                    high={evidence.lossInterval?.high}
                  />
                ),
              },
              { label: 'Margin', value: formatLimit(evidence.allowed) },
            ]}
          />
        </Aside>
      )}
      {alert.state === 'resolved' ? (
        <Aside title="Resolved">
          <p>
            <Time at={alert.resolvedEventTime ?? alert.resolvedAt} clock="event" />
          </p>
          <p className="t2 mt-4">{alert.resolvedReason}</p>
        </Aside>
      ) : (
        <section className="aside-block" id="decide">
          <DecisionForm
            title="What you do about it"
            initial={resolving || alert.state === 'acknowledged' ? 'resolve' : 'acknowledge'}
            options={[
              ...(alert.state === 'open'
                ? [
                    {
                      value: 'acknowledge',
                      label: 'Acknowledge',
                      what: 'Says that you look after it. It stays open until its cause is gone.',
                    },
                  ]
                : []),
              {
                value: 'resolve',
                label: 'Resolve',
                what: 'Closes it by hand. It opens again only after the monitor has recovered once.',
                needsReason: true,
              },
            ]}
            pending={acknowledge.isPending || resolve.isPending}
            error={error}
            denied={denied}
            onDecide={({ choice, reason }) => {
              if (choice === 'resolve') resolve.mutate({ params, body: { reason } })
              else acknowledge.mutate({ params, body: reason === '' ? {} : { note: reason } })
            }}
          />
        </section>
      )}
      <Aside title="Was it useful?">
        <div className="row wrap">
          {answers.map((answer) => (
            <Button
              key={answer.value}
              size="small"
              look={alert.useful === answer.value ? 'primary' : 'outline'}
              aria-pressed={alert.useful === answer.value}
              denied={denied}
              pending={rate.isPending && rate.variables?.body?.answer === answer.value}
              onClick={() => rate.mutate({ params, body: { answer: answer.value } })}
            >
              {answer.label}
            </Button>
          ))}
        </div>
        <p className="xs t3 mt-8">Answers show how often alerts of this kind were worth it.</p>
        {rate.error && <p className="field-error">{rate.error.detail}</p>}
      </Aside>
      <Aside title="Where it came from">
        <KeyValues
          facts={[
            { label: 'Monitor', value: <EntityLink kind="monitor" name={alert.monitor} look="name" /> },
            alert.release !== null && {
              label: 'Release',
              value: <EntityLink kind="deployment" name={alert.deployment} look="name" />,
            },
            {
              label: 'Lineage',
              value: (
                <EntityLink
                  kind="alert"
                  name={alert.title}
                  id={alert.id}
                  look="name"
                  href={`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(alert.urn)}`}
                >
                  before and after
                </EntityLink>
              ),
            },
          ]}
        />
      </Aside>
    </>
  )
}
