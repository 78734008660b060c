import { getSecret, listSecrets, removeSecret, type Secret } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { InstanceSecrets } from './instance-secrets.tsx'
import { SetSecretForm } from './set-secret-form.tsx'

/** Names of secrets, who set them, where each was last used and what names it. Values are shown nowhere. */
export function SecretsPanel({ project }: { readonly project: string }) {
  const secrets = useContractQuery(listSecrets, { params: { project } }, { refetchInterval: 10_000 })
  const mayWrite = usePermission(project, 'secret:write')
  const isAdministrator = usePermission(project, 'instance:admin')
  const [changing, setChanging] = useState<Secret>()
  const [removing, setRemoving] = useState<Secret>()
  const [shown, setShown] = useState<string>()
  return (
    <>
      <Section title="Secrets" note="steps are given them by name; nobody reads a value, and logs hide it">
        <QueryView query={secrets} what="the secrets" permission="secret:read">
          {(data) =>
            data.secrets.length === 0 ? (
              <p className="t2">There are none yet. A step names one as secrets: {'{ VARIABLE: name }'}.</p>
            ) : (
              <DataTable
                label="Secrets"
                rows={data.secrets}
                rowKey={(one) => one.name}
                columns={[
                  { id: 'name', head: 'Name', cell: (one) => <SecretName secret={one} /> },
                  { id: 'of', head: 'Of', cell: (one) => (one.from === 'instance' ? 'instance' : 'project') },
                  {
                    id: 'version',
                    head: 'Value',
                    cell: (one) => (
                      <span className="nowrap">
                        v{one.version}
                        {one.previousUntil !== null && (
                          <span className="t3">
                            {' '}
                            and v{one.version - 1} until <Time at={one.previousUntil} />
                          </span>
                        )}
                      </span>
                    ),
                  },
                  {
                    id: 'set',
                    head: 'Set',
                    cell: (one) => (
                      <>
                        <Time at={one.setAt} show="age" /> <span className="t2">by {one.setByName}</span>
                      </>
                    ),
                  },
                  { id: 'used', head: 'Last used', cell: (one) => <LastUse secret={one} /> },
                  { id: 'named', head: 'Named by', cell: (one) => <NamedBy secret={one} /> },
                  {
                    id: 'act',
                    head: '',
                    align: 'right',
                    cell: (one) => (
                      <span className="row tight">
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => setShown(shown === one.name ? undefined : one.name)}
                        >
                          Versions
                        </Button>
                        {mayWrite === true && one.from === 'project' && (
                          <>
                            <Button size="small" look="quiet" onClick={() => setChanging(one)}>
                              New value
                            </Button>
                            <Button size="small" look="quiet" onClick={() => setRemoving(one)}>
                              Remove
                            </Button>
                          </>
                        )}
                      </span>
                    ),
                  },
                ]}
              />
            )
          }
        </QueryView>
      </Section>
      {shown !== undefined && <Versions project={project} name={shown} />}
      {mayWrite === true && (
        <SetSecretForm
          key={changing?.name ?? ''}
          project={project}
          changing={changing}
          onDone={() => setChanging(undefined)}
        />
      )}
      {isAdministrator === true && <InstanceSecrets />}
      {removing && <RemoveSecret project={project} secret={removing} onClose={() => setRemoving(undefined)} />}
    </>
  )
}

function SecretName({ secret }: { readonly secret: Secret }) {
  return (
    <span title={secret.description === '' ? undefined : secret.description}>
      <span className="m">{secret.name}</span>
      {secret.description !== '' && <span className="t3"> {secret.description}</span>}
    </span>
  )
}

function LastUse({ secret: { lastUse } }: { readonly secret: Secret }) {
  if (!lastUse) return <span className="t3">–</span>
  return (
    <>
      <Time at={lastUse.at} show="age" /> <span className="t2">in</span>{' '}
      <EntityLink kind="pipeline-run" name={lastUse.run} look="name">
        {`${lastUse.pipeline}, ${lastUse.step}`}
      </EntityLink>
    </>
  )
}

function NamedBy({ secret: { usedBy } }: { readonly secret: Secret }) {
  if (usedBy.length === 0) return <span className="t3">–</span>
  return (
    <span className="row tight wrap">
      {usedBy.map(({ pipeline }) => (
        <EntityLink key={pipeline} kind="pipeline" name={pipeline} look="bare" />
      ))}
    </span>
  )
}

function Versions({ project, name }: { readonly project: string; readonly name: string }) {
  const secret = useContractQuery(getSecret, { params: { project, secret: name } })
  return (
    <Section title={`Versions of ${name}`} note="newest first">
      <QueryView query={secret} what="the versions" permission="secret:read">
        {({ versions }) => (
          <DataTable
            label={`Versions of ${name}`}
            rows={versions}
            rowKey={(one) => String(one.version)}
            columns={[
              { id: 'version', head: 'Version', cell: (one) => `v${one.version}` },
              {
                id: 'state',
                head: 'State',
                cell: (one) => (
                  <State kind={one.state === 'gone' ? 'idle' : 'ok'}>
                    {one.state === 'gone' ? 'removed' : one.state}
                  </State>
                ),
              },
              { id: 'by', head: 'Set by', cell: (one) => one.setByName },
              { id: 'at', head: 'Set', align: 'right', cell: (one) => <Time at={one.setAt} /> },
              { id: 'until', head: 'Kept until', align: 'right', cell: (one) => <Time at={one.validUntil} /> },
            ]}
          />
        )}
      </QueryView>
    </Section>
  )
}

function RemoveSecret({
  project,
  secret,
  onClose,
}: {
  readonly project: string
  readonly secret: Secret
  readonly onClose: () => void
}) {
  const remove = useContractMutation(removeSecret, { invalidates: [listSecrets], onDone: onClose })
  const { name, usedBy } = secret
  return (
    <ConfirmLoss
      opened
      onClose={onClose}
      title={`Remove secret ${name} for ever?`}
      action={`Remove ${name}`}
      pending={remove.isPending}
      error={remove.error?.detail}
      onConfirm={() =>
        remove.mutate({
          params: { project, secret: name },
          query: usedBy.length > 0 ? { force: true } : {},
        })
      }
    >
      {usedBy.length === 0
        ? 'No pipeline names it. Its value cannot be brought back.'
        : `${formatPlural(usedBy.length, 'pipeline names', 'pipelines name')} it: ${usedBy.map((one) => one.pipeline).join(', ')}. Steps that name it fail until they name another. Its value cannot be brought back.`}
    </ConfirmLoss>
  )
}
