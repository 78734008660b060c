import { createToken, listTokens, revokeToken, rotateToken } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { useNow } from '../../ui/environment.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Tokens for programs; each can be revoked. */
export function TokensPanel({ project }: { readonly project: string }) {
  const tokens = useContractQuery(listTokens, { params: { project } })
  const revoke = useContractMutation(revokeToken, { invalidates: [listTokens] })
  const rotate = useContractMutation(rotateToken, { invalidates: [listTokens] })
  const [name, setName] = useState('')
  const [days, setDays] = useState(90)
  const create = useContractMutation(createToken, { invalidates: [listTokens], onDone: () => setName('') })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ params: { project }, body: { name, expiresInDays: days } })
  }
  return (
    <>
      <Section title="Tokens" note="the secret of a token is shown once, when it is made">
        <QueryView query={tokens} what="the tokens" permission="token:write">
          {(data) => (
            <DataTable
              label="Tokens"
              rows={data.tokens.filter((token) => token.kind !== 'session')}
              rowKey={(token) => token.id}
              tone={(token) => (token.revokedAt === null ? undefined : 'faint')}
              columns={[
                { id: 'name', head: 'Name', cell: (token) => <span className="m">{token.name}</span> },
                {
                  id: 'state',
                  head: 'State',
                  cell: (token) => (
                    <TokenState
                      revokedAt={token.revokedAt}
                      expiresAt={token.expiresAt}
                      replaced={token.rotatedTo !== null}
                    />
                  ),
                },
                { id: 'of', head: 'Of', cell: (token) => token.principalName },
                {
                  id: 'project',
                  head: 'Project',
                  cell: (token) => token.project ?? <span className="t2">all of its owner</span>,
                },
                {
                  id: 'created',
                  head: 'Made',
                  align: 'right',
                  cell: (token) => <Time at={token.createdAt} show="age" />,
                },
                {
                  id: 'expires',
                  head: 'Expires',
                  align: 'right',
                  cell: (token) => <Time at={token.expiresAt} show="day" />,
                },
                {
                  id: 'used',
                  head: 'Last used',
                  align: 'right',
                  cell: (token) => <Time at={token.lastUsedAt} show="age" />,
                },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (token) =>
                    token.revokedAt === null && (
                      <span className="row">
                        {token.kind === 'token' && token.rotatedTo === null && (
                          <Button
                            size="small"
                            look="quiet"
                            title="Makes the token that takes its place; this one works on for an hour"
                            onClick={() => rotate.mutate({ params: { project, token: token.id }, body: {} })}
                          >
                            Rotate
                          </Button>
                        )}
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => revoke.mutate({ params: { project, token: token.id } })}
                        >
                          Revoke
                        </Button>
                      </span>
                    ),
                },
              ]}
            />
          )}
        </QueryView>
        {(revoke.error ?? rotate.error) && <State kind="bad">{(revoke.error ?? rotate.error)?.detail}</State>}
        {rotate.data && (
          <Note>
            <p>
              Takes the place of <span className="m">{rotate.data.old.name}</span>, which works until{' '}
              <Time at={rotate.data.old.expiresAt} />. Copy it now; it is not shown again.
            </p>
            <CommandBox command={rotate.data.secret} />
          </Note>
        )}
      </Section>
      <Section title="Make a token">
        <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
          <label className="field">
            <span>Name</span>
            <input
              className="inp"
              value={name}
              required
              maxLength={200}
              onChange={(event) => setName(event.target.value)}
              placeholder="notebook on my laptop"
            />
          </label>
          <label className="field">
            <span>Expires in days</span>
            <input
              className="inp"
              type="number"
              min={1}
              max={3650}
              value={days}
              onChange={(event) => setDays(Number(event.target.value))}
            />
          </label>
          {create.error && <State kind="bad">{create.error.detail}</State>}
          <div>
            <Button type="submit" look="primary" pending={create.isPending}>
              Make token for {project}
            </Button>
          </div>
        </form>
        {create.data && (
          <Note>
            <p>Copy it now; it is not shown again.</p>
            <CommandBox command={create.data.secret} />
          </Note>
        )}
      </Section>
    </>
  )
}

function TokenState({
  revokedAt,
  expiresAt,
  replaced,
}: {
  readonly revokedAt: number | null
  readonly expiresAt: number | null
  readonly replaced: boolean
}) {
  const now = useNow()
  if (revokedAt !== null) return <State kind="idle">revoked</State>
  if (expiresAt !== null && expiresAt <= now) return <State kind="idle">expired</State>
  if (replaced) return <State kind="warn">replaced, works on for a while</State>
  return <State kind="ok">works</State>
}
