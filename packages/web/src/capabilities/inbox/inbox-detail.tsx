import { decideInboxItem, getInboxItem, type InboxItem, listInbox } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { DecisionForm } from '../../ui/decision-form.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { useUiEnvironment } from '../../ui/environment.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { Claim } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { InboxEvidence } from './inbox-evidence.tsx'

/** May I decide, and on what grounds: one sentence, the evidence, the options with what each does. */
export function InboxDetail({ project, item }: { readonly project: string; readonly item: InboxItem }) {
  const decide = useContractMutation(decideInboxItem, { invalidates: [listInbox, getInboxItem] })
  const subject = parseUrn(item.subject)
  const { renderWhoMay } = useUiEnvironment()
  return (
    <>
      <div className="row inbox-head">
        <h2 className="inbox-heading">{item.title}</h2>
        <span className="push">{renderWhoMay?.(item.permission === 'alert:write' ? 'alert' : 'inbox')}</span>
      </div>
      <p>
        {item.state === 'open' ? (
          <State kind="person">{item.mayDecide ? 'waiting for you' : 'waiting for somebody else'}</State>
        ) : (
          <State kind={item.state === 'decided' ? 'ok' : 'idle'}>{item.state}</State>
        )}
      </p>
      <Claim>{item.summary}</Claim>
      <Facts
        facts={[
          subject && {
            label: 'About',
            value: (
              <EntityLink
                kind={subject.kind}
                name={subject.name}
                id={subject.id}
                version={subject.version}
                look="bare"
              />
            ),
          },
          { label: 'Asked by', value: item.openedByName.startsWith('system:') ? 'Trivium' : item.openedByName },
          { label: 'Asked', value: <Time at={item.openedAt} /> },
          { label: 'Event time', value: <Time at={item.eventTime} clock="event" /> },
          item.assignee !== null && { label: 'Assigned to', value: item.assignee.name },
          item.dueAt !== null && {
            label: item.overdueAt === null ? 'Due' : 'Was due',
            value: <Time at={item.dueAt} />,
          },
        ]}
      />
      <Section title="Evidence" note="as it was when this was asked">
        <InboxEvidence evidence={item.evidence} />
      </Section>
      {item.decision ? (
        <Section title="Decision">
          <p>
            <span className="m">
              {item.options.find((option) => option.id === item.decision?.option)?.label ?? item.decision.option}
            </span>{' '}
            by {item.decision.byName}, <Time at={item.decision.at} />
          </p>
          {item.decision.reason !== '' && <p className="t2 prose">{item.decision.reason}</p>}
        </Section>
      ) : (
        item.state === 'open' && (
          <DecisionForm
            options={item.options.map((option) => ({
              value: option.id,
              label: option.label,
              what: option.consequence,
              needsReason: option.needsReason === true,
            }))}
            pending={decide.isPending}
            error={decide.error?.detail}
            denied={item.mayNotBecause ?? undefined}
            onDecide={({ choice, reason }) =>
              decide.mutate({ params: { project, item: item.id }, body: { option: choice, reason } })
            }
          />
        )
      )}
    </>
  )
}
