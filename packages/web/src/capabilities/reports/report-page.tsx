import { exportReport, getReport, listReportComments, type Report, reportPassages } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { number, oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { PanelView } from './panel-view.tsx'
import { ReportComments } from './report-comments.tsx'
import { ReportEditor } from './report-editor.tsx'
import { ReportVersions } from './report-versions.tsx'

const shape = { tab: oneOf(['read', 'edit', 'comments', 'versions'], 'read'), version: number(), passage: number() }

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
                <Time at={data.updatedAt} show="age" /> ago
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
                <ReportText
                  project={project}
                  report={data}
                  onComment={(passage) => setView({ tab: 'comments', passage }, { push: true })}
                />
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
            {view.tab === 'comments' && (
              <ReportComments
                project={project}
                report={data.id}
                about={aboutOf(data, view.passage)}
                onAbout={(passage) => setView({ passage })}
              />
            )}
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

function aboutOf({ text, shown }: Report, passage: number | undefined) {
  const found = passage === undefined ? undefined : reportPassages(text)[passage]
  return found && passage !== undefined ? { version: shown, passage, quote: found.text.slice(0, 400) } : undefined
}

interface ReportTextProps {
  readonly project: string
  readonly report: Report
  readonly onComment: (passage: number) => void
}

/** The text with its panels; every passage can be commented, and says how many open comments it has. */
function ReportText({ project, report, onComment }: ReportTextProps) {
  const comments = useContractQuery(listReportComments, { params: { project, report: report.id } })
  if (report.text.trim() === '') return <p className="t3">Nothing is written yet.</p>
  const passages = reportPassages(report.text)
  const open = (comments.data?.comments ?? []).filter(({ resolvedAt }) => resolvedAt === null)
  const newest = report.shown === report.version
  return (
    <Markdown
      text={report.text}
      renderCode={(language, code, at) =>
        language === 'panel' ? <PanelView key={at} project={project} text={code} /> : undefined
      }
      wrap={(block, at) => {
        const passage = passages[at]
        const count = newest ? open.filter(({ about }) => about?.place === at).length : 0
        const what = passage?.panel ? 'panel' : 'passage'
        return (
          <div key={at} className="report-passage" data-commented={count > 0 || undefined}>
            {block}
            {passage && passage.text !== '' && (
              <Button look="link" size="small" className="report-say" onClick={() => onComment(at)}>
                {count > 0 ? formatPlural(count, 'comment') : 'Comment'}
                <span className="sr-only"> on this {what}</span>
              </Button>
            )}
          </div>
        )
      }}
    />
  )
}
