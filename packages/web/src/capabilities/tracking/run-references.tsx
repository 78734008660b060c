import { listRunReferences } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatBytes } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Artifacts of a run that lie elsewhere, with what their bytes must be; nothing where it names none. */
export function RunReferences({ project, run }: { readonly project: string; readonly run: string }) {
  const query = useContractQuery(listRunReferences, { params: { project, run } })
  return (
    <QueryView query={query} what="artifacts elsewhere" rows={1} permission="run:read">
      {({ references, problems }) =>
        references.length + problems.length > 0 && (
          <Section title="Elsewhere" note="their content is not here; trivium artifacts reference verify checks it">
            {references.length > 0 && (
              <DataTable
                label="Artifacts elsewhere"
                density="compact"
                keys={false}
                rows={references}
                rowKey={(one) => one.name}
                columns={[
                  { id: 'name', head: 'Name', cell: (one) => <b>{one.name}</b> },
                  { id: 'uri', head: 'Where', cut: true, cell: (one) => <Where uri={one.uri} /> },
                  { id: 'sha256', head: 'SHA-256', cell: (one) => <Hash value={one.sha256} /> },
                  { id: 'size', head: 'Size', align: 'right', cell: (one) => formatBytes(one.size) },
                  { id: 'at', head: 'Noted', align: 'right', cell: (one) => <Time at={one.addedAt} /> },
                ]}
              />
            )}
            {problems.map((problem) => (
              <State key={problem} kind="warn">
                {problem}
              </State>
            ))}
          </Section>
        )
      }
    </QueryView>
  )
}

function Where({ uri }: { readonly uri: string }) {
  const href = /^https?:\/\/[^/\\]/i.test(uri) ? uri : undefined
  return href === undefined ? (
    <span className="mono">{uri}</span>
  ) : (
    <a className="link mono" href={href} rel="noopener noreferrer nofollow" target="_blank">
      {uri}
    </a>
  )
}
