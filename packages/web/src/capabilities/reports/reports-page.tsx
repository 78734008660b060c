import { createReport, listReports } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractPages } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { TextField } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { Time } from '../../ui/time.tsx'
import { firstText } from './first-text.ts'

/** All reports of the project, the one that was changed last first. */
export function Page() {
  const { project } = usePageParams()
  const router = useRouter()
  const [title, setTitle] = useState('')
  const params = { project }
  const pages = useContractPages(listReports, { params, query: { limit: 100 } })
  const create = useContractMutation(createReport, {
    invalidates: [listReports],
    onDone: ({ id }) => router.history.push(`${entityUrl({ kind: 'report', name: id, id }, project)}?tab=edit`),
  })
  const data = pages.data?.pages.flatMap((page) => page.reports)
  return (
    <>
      <PageHeader title="Reports" note="pages about runs and models, with live panels" />
      <form
        className="row mt-12"
        style={{ alignItems: 'flex-end', gap: 8 }}
        onSubmit={(event) => {
          event.preventDefault()
          if (title.trim() !== '') create.mutate({ params, body: { title: title.trim(), text: firstText } })
        }}
      >
        <div style={{ width: 320, maxWidth: '60%' }}>
          <TextField
            label="Title of a new report"
            value={title}
            maxLength={200}
            error={create.error?.detail}
            onChange={(event) => setTitle(event.target.value)}
          />
        </div>
        <Button type="submit" pending={create.isPending} denied={title.trim() === '' ? 'Give it a title.' : undefined}>
          Write a report
        </Button>
      </form>
      <div className="mt-16" />
      <QueryView query={{ ...pages, data }} what="the reports" permission="report:read">
        {(reports) =>
          reports.length === 0 ? (
            <Empty
              title="No report yet"
              steps={[{ title: 'Or from a file', command: `trivium reports save --title "Delays in April" report.md` }]}
            >
              A report is Markdown with panels over runs: they show what is measured when somebody reads.
            </Empty>
          ) : (
            <DataTable
              label="Reports"
              rows={reports}
              rowKey={(one) => one.id}
              rowHref={(one) => entityUrl({ kind: 'report', name: one.title, id: one.id }, project)}
              columns={[
                {
                  id: 'title',
                  head: 'Report',
                  sticky: true,
                  cell: (one) => <EntityLink kind="report" name={one.title} id={one.id} look="bare" strong />,
                },
                {
                  id: 'comments',
                  head: 'Open comments',
                  align: 'right',
                  from: 600,
                  cell: (one) => (one.openComments === 0 ? <span className="t3">–</span> : one.openComments),
                },
                { id: 'version', head: 'Version', align: 'right', from: 600, cell: (one) => one.version },
                { id: 'by', head: 'Changed by', from: 800, cell: (one) => one.updatedByName },
                { id: 'at', head: 'Changed', align: 'right', cell: (one) => <Time at={one.updatedAt} show="age" /> },
              ]}
              foot={
                <>
                  {formatPlural(reports.length, 'report')}
                  {pages.hasNextPage && (
                    <Button look="link" pending={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                      Show more
                    </Button>
                  )}
                </>
              }
            />
          )
        }
      </QueryView>
    </>
  )
}
