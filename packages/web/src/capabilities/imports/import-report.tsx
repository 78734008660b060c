import type { ImportReport } from '@trivium/contract'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

interface ImportReportProps {
  readonly project: string
  readonly source: string
  readonly report: ImportReport
}

/** How both sides compare, experiment for experiment, and everything that could not be taken. */
export function ImportReportView({ project, source, report }: ImportReportProps) {
  const left = report.skipped.length + report.moreSkipped
  return (
    <>
      <Section title="Compared" note={`${source}, by counts and a digest over everything that each run holds`}>
        <DataTable
          label="Compared"
          rows={report.experiments}
          rowKey={(one) => one.sourceId}
          columns={[
            {
              id: 'name',
              head: 'Experiment',
              cell: ({ name }) => (
                <AppLink
                  className="link"
                  href={`/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(name)}`}
                >
                  {name}
                </AppLink>
              ),
            },
            {
              id: 'same',
              head: 'Both sides',
              cell: ({ same }) => <State kind={same ? 'ok' : 'bad'}>{same ? 'the same' : 'differ'}</State>,
            },
            { id: 'runs', head: 'Runs', align: 'right', cell: ({ here, source: there }) => of(here.runs, there.runs) },
            {
              id: 'params',
              head: 'Parameters',
              align: 'right',
              cell: ({ here, source: there }) => of(here.params, there.params),
            },
            { id: 'tags', head: 'Tags', align: 'right', cell: ({ here, source: there }) => of(here.tags, there.tags) },
            {
              id: 'points',
              head: 'Points',
              align: 'right',
              cell: ({ here, source: there }) => of(here.points, there.points),
            },
            {
              id: 'digest',
              head: 'Digest',
              cell: ({ here }) => <span className="m">{here.digest.slice(0, 12)}</span>,
            },
          ]}
        />
      </Section>
      {left > 0 && (
        <Section title="Not taken" note={formatPlural(left, 'thing')}>
          <DataTable
            label="Not taken"
            rows={report.skipped}
            rowKey={({ what, why }) => `${what} ${why}`}
            columns={[
              { id: 'what', head: 'What', cell: ({ what }) => <div className="sentence-cell">{what}</div> },
              { id: 'why', head: 'Why', cell: ({ why }) => <div className="sentence-cell">{why}</div> },
            ]}
          />
        </Section>
      )}
    </>
  )
}

const of = (here: number, there: number): string => (here === there ? String(here) : `${here} of ${there}`)
