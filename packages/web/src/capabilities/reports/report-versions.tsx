import { getReport, listReports, listReportVersions, type Report, restoreReport } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractPages, useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Diff } from '../../ui/diff.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'

interface ReportVersionsProps {
  readonly project: string
  readonly report: Report
  readonly onRead: (version: number) => void
}

/** Every save of a report: what changed, and the way back. */
export function ReportVersions({ project, report, onRead }: ReportVersionsProps) {
  const params = { project, report: report.id }
  const [chosen, setChosen] = useState(report.version)
  const pages = useContractPages(listReportVersions, { params, query: { limit: 100 } })
  const restore = useContractMutation(restoreReport, {
    invalidates: [getReport, listReports, listReportVersions],
    onDone: ({ version }) => setChosen(version),
  })
  const data = pages.data?.pages.flatMap((page) => page.versions)
  const after = useContractQuery(getReport, { params, query: { version: chosen } })
  const before = useContractQuery(getReport, { params, query: { version: chosen - 1 } }, { enabled: chosen > 1 })
  return (
    <>
      <QueryView query={{ ...pages, data }} what="the versions" permission="report:read">
        {(versions) => (
          <DataTable
            label="Versions"
            density="compact"
            keys={false}
            rows={versions}
            rowKey={(one) => String(one.version)}
            tone={(one) => (one.version === chosen ? 'selected' : undefined)}
            columns={[
              { id: 'version', head: 'Version', cell: (one) => <b>{`v${one.version}`}</b> },
              { id: 'title', head: 'Title', cut: true, cell: (one) => one.title },
              {
                id: 'how',
                head: 'How',
                from: 700,
                cell: (one) => (
                  <span className="t2">{one.restored === null ? 'saved' : `brought back v${one.restored}`}</span>
                ),
              },
              { id: 'by', head: 'By', from: 600, cell: (one) => one.byName },
              { id: 'at', head: 'Saved', align: 'right', cell: (one) => <Time at={one.at} /> },
              { id: 'length', head: 'Characters', align: 'right', from: 800, cell: (one) => formatCount(one.length) },
              {
                id: 'do',
                head: '',
                align: 'right',
                cell: (one) => (
                  <span className="row" style={{ justifyContent: 'flex-end' }}>
                    <Button look="link" size="small" onClick={() => setChosen(one.version)}>
                      {`What v${one.version} changed`}
                    </Button>
                    <Button look="link" size="small" onClick={() => onRead(one.version)}>
                      Read
                    </Button>
                    {one.version < report.version && (
                      <Button
                        look="link"
                        size="small"
                        onClick={() => restore.mutate({ params, body: { version: one.version } })}
                      >
                        Restore
                      </Button>
                    )}
                  </span>
                ),
              },
            ]}
            foot={
              pages.hasNextPage && (
                <Button look="link" onClick={() => void pages.fetchNextPage()}>
                  Show more
                </Button>
              )
            }
          />
        )}
      </QueryView>
      {restore.error && <p className="field-error mt-8">{restore.error.detail}</p>}
      <Section title={`What v${chosen} changed`} note={chosen === 1 ? 'it was the first' : `against v${chosen - 1}`}>
        {after.data && (chosen === 1 || before.data) && (
          <Diff
            label={`v${chosen - 1} against v${chosen}`}
            before={chosen === 1 ? '' : `# ${before.data?.title}\n${before.data?.text}`}
            after={`# ${after.data.title}\n${after.data.text}`}
          />
        )}
      </Section>
    </>
  )
}
