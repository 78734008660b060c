import {
  allowEgress,
  type EgressAllowance,
  type EgressConnection,
  egressConnections,
  listConnections,
  withdrawEgress,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Internal addresses that one connection may call; everything else internal is refused. */
export function AllowedAddresses({
  allowances,
  setting,
}: {
  readonly allowances: readonly EgressAllowance[]
  readonly setting: readonly string[]
}) {
  const [withdrawing, setWithdrawing] = useState<EgressAllowance>()
  return (
    <>
      <Section title="Allowed internal addresses" note="everything else that is internal, or without TLS, is refused">
        {setting.length > 0 && (
          <p className="t2">
            The setting <span className="mono">egressAllow</span> opens to every connection:{' '}
            <span className="m">{setting.join(', ')}</span>.
          </p>
        )}
        {allowances.length === 0 ? (
          <p className="t2">
            {setting.length > 0 ? 'No other address is allowed.' : 'None: only public addresses over TLS are called.'}
          </p>
        ) : (
          <DataTable
            label="Allowed internal addresses"
            rows={allowances}
            rowKey={(one) => one.id}
            columns={[
              { id: 'address', head: 'Address', cell: (one) => <span className="m">{one.address}</span> },
              { id: 'for', head: 'For', cell: (one) => one.connection },
              { id: 'why', head: 'Because', cell: (one) => <div className="sentence-cell">{one.reason}</div> },
              { id: 'by', head: 'By', cell: (one) => one.allowedByName },
              { id: 'since', head: 'Since', align: 'right', cell: (one) => <Time at={one.allowedAt} show="day" /> },
              {
                id: 'act',
                head: '',
                align: 'right',
                cell: (one) => (
                  <Button size="small" look="quiet" onClick={() => setWithdrawing(one)}>
                    Withdraw
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Section>
      <AllowForm />
      {withdrawing && (
        <Withdraw key={withdrawing.id} allowance={withdrawing} onClose={() => setWithdrawing(undefined)} />
      )}
    </>
  )
}

function AllowForm() {
  const [connection, setConnection] = useState<EgressConnection>('webhooks')
  const [address, setAddress] = useState('')
  const [reason, setReason] = useState('')
  const allow = useContractMutation(allowEgress, {
    invalidates: [listConnections],
    onDone: () => {
      setAddress('')
      setReason('')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    allow.mutate({ body: { connection, address, reason } })
  }
  return (
    <Section title="Allow an address" note="an event of this instance, and a line in the access log">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        <SelectField
          label="For"
          value={connection}
          onChange={(event) => setConnection(event.target.value as EgressConnection)}
          options={egressConnections.map((one) => ({ value: one, label: one }))}
          help="The others may not call it."
        />
        <TextField
          label="Address"
          value={address}
          required
          mono
          maxLength={255}
          placeholder="hooks.internal:8443"
          help="A host, host:port, an address, or a network such as 10.1.0.0/16."
          onChange={(event) => setAddress(event.target.value)}
        />
        <TextField
          label="Reason"
          value={reason}
          required
          minLength={3}
          maxLength={500}
          placeholder="Our own chat server"
          onChange={(event) => setReason(event.target.value)}
        />
        {allow.error && <State kind="bad">{allow.error.detail}</State>}
        <div>
          <Button type="submit" look="primary" pending={allow.isPending}>
            Allow for {connection}
          </Button>
        </div>
      </form>
    </Section>
  )
}

function Withdraw({ allowance, onClose }: { readonly allowance: EgressAllowance; readonly onClose: () => void }) {
  const { id, address, connection } = allowance
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const withdraw = useContractMutation(withdrawEgress, { invalidates: [listConnections], onDone: onClose })
  return (
    <ConfirmLoss
      opened
      onClose={onClose}
      weight="live"
      title={`Withdraw ${address} from ${connection}?`}
      action={`Withdraw ${address}`}
      pending={withdraw.isPending}
      error={withdraw.error?.detail}
      onConfirm={() => {
        if (reason.trim().length < 3) setMissing(true)
        else withdraw.mutate({ params: { allowance: id }, body: { reason } })
      }}
    >
      <p>Calls of {connection} to it are refused from now on. It can be allowed again.</p>
      <div className="mt-12">
        <TextField
          label="Reason"
          value={reason}
          maxLength={500}
          error={missing ? 'Say why, in three characters at least.' : undefined}
          onChange={(event) => {
            setReason(event.target.value)
            setMissing(false)
          }}
        />
      </div>
    </ConfirmLoss>
  )
}
