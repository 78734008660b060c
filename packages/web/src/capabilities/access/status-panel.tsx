import { getStatus, type StatusFinding } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { State, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

const kinds: Record<StatusFinding['state'], StateKind> = { ok: 'ok', warning: 'warn', failed: 'bad' }
const words: Record<StatusFinding['state'], string> = { ok: 'works', warning: 'look at it', failed: 'must be mended' }
const names: Record<string, string> = {
  database: 'Database',
  servers: 'Servers',
  events: 'Events and their readers',
  jobs: 'Waiting jobs',
  gateway: 'Gateway',
  disk: 'Disk',
  code: 'Boundary of steps',
  secrets: 'Secrets',
  certificate: 'Certificate',
  memory: 'Memory of the processes',
}

/** What of the server works, what does not, and what mends it; looked at again every few seconds. */
export function StatusPanel() {
  const status = useContractQuery(getStatus, {}, { refetchInterval: 5000 })
  return (
    <>
      <QueryView query={status} what="the state of the server" permission="metrics:read">
        {({ version, startedAt, findings, servers }) => (
          <>
            <Section
              title="State of the server"
              note={
                <>
                  version {version}, started <Time at={startedAt} show="age" /> ago
                </>
              }
            >
              <DataTable
                label="State of the server"
                rows={findings}
                rowKey={(one) => one.check}
                columns={[
                  { id: 'check', head: 'Looked at', cell: (one) => names[one.check] ?? one.check },
                  {
                    id: 'state',
                    head: 'State',
                    cell: (one) => <State kind={kinds[one.state]}>{words[one.state]}</State>,
                  },
                  { id: 'found', head: 'Found', cell: (one) => <div className="sentence-cell">{one.found}</div> },
                  { id: 'mend', head: 'What mends it', cell: (one) => <div className="sentence-cell">{one.mend}</div> },
                ]}
              />
            </Section>
            <Section title="Servers" note="of this installation">
              <DataTable
                label="Servers"
                rows={servers}
                rowKey={(one) => one.id}
                columns={[
                  { id: 'host', head: 'Host', cell: (one) => (one.self ? `${one.host} (this one)` : one.host) },
                  {
                    id: 'state',
                    head: 'State',
                    cell: (one) => (
                      <State kind={one.alive ? 'ok' : 'bad'}>
                        {!one.alive ? 'gone' : one.leads ? 'leads' : 'works'}
                      </State>
                    ),
                  },
                  { id: 'roles', head: 'Roles', cell: (one) => one.roles.join(', ') },
                  { id: 'version', head: 'Version', cell: (one) => one.version },
                  { id: 'started', head: 'Started', cell: (one) => <Time at={one.startedAt} show="age" /> },
                  { id: 'seen', head: 'Last seen', cell: (one) => <Time at={one.seenAt} show="age" /> },
                ]}
              />
            </Section>
          </>
        )}
      </QueryView>
      <Section title="Figures for Prometheus" note="the same and more, by route, project and deployment">
        <CommandBox command={`curl -H "Authorization: Bearer $TRIVIUM_TOKEN" ${window.location.origin}/metrics`} />
      </Section>
    </>
  )
}
