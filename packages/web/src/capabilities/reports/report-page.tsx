import { exportReport, getReport } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { number, oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { PanelView } from './panel-view.tsx'
import { ReportComments } from './report-comments.tsx'
import { ReportEditor } from './report-editor.tsx'
import { ReportVersions } from './report-versions.tsx'

const shape = { tab: oneOf(['read', 'edit', 'comments', 'versions'], 'read'), version: number() }

/** A report: read, edited, commented, with its versions. */
export function Page() {
  const { project, report } = usePageParams<'report'>()
  const [view, setView] = useSearchState(shape)
  const client = useClient()
  const query = useContractQuery(getReport, {
    params: { project, report },
    query: view.version === undefined ? {} : { version: view.version },
  })
  return (
    <QueryView query={query} what="the report" shape="text" permission="report:read">
      {(data) => (
        <>
          <PageHeader
            kind="report"
            title={data.title}
            note={
              <>
                version {data.shown}
                {data.shown < data.version && ` of ${data.version}`}, changed by {data.updatedByName}{' '}
                <Time at={data.updatedAt} show="age" />
              </>
            }
            actions={
              <a
                className="btn btn-outline"
                download
                href={client.url(exportReport, { params: { project, report }, query: { version: data.shown } })}
              >
                Export as HTML
              </a>
            }
          />
          <Tabs
            tabs={[
              { id: 'read', label: 'Read' },
              { id: 'edit', label: 'Edit' },
              { id: 'comments', label: 'Comments', count: data.openComments || undefined },
              { id: 'versions', label: 'Versions', count: formatCount(data.version) },
            ]}
            value={view.tab}
            onChange={(tab) => setView({ tab: tab as typeof view.tab }, { push: true })}
          />
          <TabPanel tab={view.tab}>
            {view.tab === 'read' && (
              <>
                {data.shown < data.version && (
                  <p className="t2 sm" style={{ marginBottom: 12 }}>
                    This is an older version.{' '}
                    <Button look="link" onClick={() => setView({ version: undefined }, { push: true })}>
                      Read the newest
                    </Button>
                  </p>
                )}
                <ReportText project={project} text={data.text} />
              </>
            )}
            {view.tab === 'edit' && (
              <ReportEditor
                key={`${data.id}-${data.version}`}
                project={project}
                report={data}
                onSaved={() => setView({ tab: 'read', version: undefined }, { push: true })}
              />
            )}
            {view.tab === 'comments' && <ReportComments project={project} report={data.id} />}
            {view.tab === 'versions' && (
              <ReportVersions
                project={project}
                report={data}
                onRead={(version) => setView({ tab: 'read', version }, { push: true })}
              />
            )}
          </TabPanel>
        </>
      )}
    </QueryView>
  )
}

/** The text with its panels. */
function ReportText({ project, text }: { readonly project: string; readonly text: string }) {
  if (text.trim() === '') return <p className="t3">Nothing is written yet.</p>
  return (
    <Markdown
      text={text}
      renderCode={(language, code, at) =>
        language === 'panel' ? <PanelView key={at} project={project} text={code} /> : undefined
      }
    />
  )
}
