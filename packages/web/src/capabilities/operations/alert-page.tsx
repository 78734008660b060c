import { acknowledgeAlert, type AlertDetail, getAlert, listAlerts, listInbox } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { useNow } from '../../ui/environment.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatCount, formatNumber, formatPlural } from '../../ui/format-number.ts'
import { formatAge } from '../../ui/format-time.ts'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { WithAside } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { formatChance, formatLimit, measureWord, upperFirst } from '../monitoring/measure-words.ts'
import { AlertAside } from './alert-aside.tsx'
import { AlertCharts } from './alert-charts.tsx'
import { AlertHistory } from './alert-history.tsx'
import { alertState } from './alert-state.ts'

/** One alert: what happened, how large it is, what followed, and what to do. */
export function Page() {
  const { project, alert } = usePageParams<'alert'>()
  const query = useContractQuery(getAlert, { params: { project, alert } })
  return (
    <QueryView query={query} what="the alert" shape="facts" permission="alert:read">
      {(data) => <AlertView key={data.id} project={project} alert={data} />}
    </QueryView>
  )
}

function AlertView({ project, alert }: { readonly project: string; readonly alert: AlertDetail }) {
  const [resolving, setResolving] = useState(false)
  const may = usePermission(project, 'alert:write')
  const acknowledge = useContractMutation(acknowledgeAlert, { invalidates: [getAlert, listAlerts, listInbox] })
  const denied = may === false ? 'It needs alert:write. An administrator of the project can give it.' : undefined
  const state = alertState(alert)
  const { evidence } = alert
  const now = useNow('event')
  const end = alert.resolvedEventTime ?? now
  const resolve = () => {
    setResolving(true)
    requestAnimationFrame(() => document.querySelector('#decide')?.scrollIntoView({ block: 'nearest' }))
  }
  return (
    <>
      <PageHeader
        kind="alert"
        title={alert.title}
        state={{ kind: state.kind, word: state.word }}
        note={alert.acknowledgedByName !== null && `by ${alert.acknowledgedByName}`}
        actions={
          alert.state !== 'resolved' && (
            <>
              <Button denied={denied} onClick={resolve}>
                Resolve
              </Button>
              {alert.state === 'open' && (
                <Button
                  look="primary"
                  denied={denied}
                  pending={acknowledge.isPending}
                  onClick={() => acknowledge.mutate({ params: { project, alert: alert.id }, body: {} })}
                >
                  Acknowledge
                </Button>
              )}
            </>
          )
        }
      />
      {acknowledge.error && (
        <p className="field-error" role="alert">
          {acknowledge.error.detail}
        </p>
      )}
      <Facts
        facts={[
          {
            label: 'Since',
            value: (
              <>
                <Time at={alert.eventTime} clock="event" />
                {end > alert.eventTime && <span className="t3">{formatAge(end - alert.eventTime)}</span>}
              </>
            ),
          },
          {
            label: 'Size',
            value: (
              <>
                <b className="m">
                  {measureWord(evidence.measure)} {evidence.effect === null ? '–' : formatNumber(evidence.effect, 3)}
                  {alert.kind === 'performance' && ' worse'}
                </b>
                <span className="t3"> allowed {formatLimit(evidence.allowed)}</span>
              </>
            ),
          },
          evidence.q !== null && { label: 'Chance', value: `q = ${formatChance(evidence.q)}`.replace('= <', '<') },
          {
            label: 'Rows',
            value: `${formatCount(evidence.rows)} in ${formatPlural(evidence.windows.length, 'window')}`,
          },
          { label: 'Where', value: <EntityLink kind="deployment" name={alert.deployment} look="bare" /> },
          { label: 'Monitor', value: <EntityLink kind="monitor" name={alert.monitor} look="bare" /> },
          alert.model !== null && {
            label: 'Model',
            value: <EntityLink kind="model" name={alert.model} version={alert.version ?? undefined} look="bare" />,
          },
        ]}
      />
      <WithAside
        asideLabel="Decision and effect"
        aside={
          <AlertAside
            project={project}
            alert={alert}
            denied={denied}
            resolving={resolving}
            key={`${alert.state}-${resolving}`}
          />
        }
      >
        <Claim>{alert.kind === 'performance' ? upperFirst(evidence.sentence) : evidence.sentence}</Claim>
        <AlertCharts project={project} alert={alert} />
        <AlertHistory alert={alert} />
      </WithAside>
    </>
  )
}
