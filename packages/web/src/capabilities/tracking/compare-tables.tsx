import { useQueries } from '@tanstack/react-query'
import { compareRunTables, listRunArtifacts, type RunComparison, type RunTables } from '@trivium/contract'
import { contractQueryOptions, useContractPages } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { Button } from '../../ui/button.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { Choice } from './choice.tsx'
import { RunMark } from './run-mark.tsx'
import { tablePaths } from './table-paths.ts'
import './workspace/workspace.css'
import { useVisible } from './workspace/use-visible.ts'

const mostRuns = 6
const shape = {
  table: text(),
  by: text(),
  show: oneOf(['all', 'differing'], 'all'),
}

interface CompareTablesProps {
  readonly project: string
  readonly runs: RunComparison['runs']
  readonly tags: RunComparison['tags']
}

/** Tables that the runs logged under one path, column by column beside the baseline's. Nothing where no run has one. */
export function CompareTables({ project, runs, tags }: CompareTablesProps) {
  const client = useClient()
  const [attach, seen] = useVisible<HTMLDivElement>()
  const [view, setView] = useSearchState(shape)
  const shown = runs.slice(0, mostRuns)
  const files = useQueries({
    queries: shown.map((run) => ({
      ...contractQueryOptions(client, listRunArtifacts, {
        params: { project, run: run.id },
        query: { recursive: true },
      }),
      enabled: seen,
      staleTime: 30_000,
    })),
  })
  const logged = tags.find(({ key }) => key === 'mlflow.loggedArtifacts')
  const paths = tablePaths(
    files.map((query) => query.data?.entries ?? []),
    logged?.values ?? [],
  )
  const path = paths.includes(view.table) ? view.table : (paths[0] ?? '')
  const pages = useContractPages(
    compareRunTables,
    {
      params: { project },
      query: {
        runs: shown.map(({ id }) => id).join(','),
        path,
        ...(view.by === '' ? {} : { key: view.by }),
        ...(view.show === 'differing' ? { differing: true } : {}),
      },
    },
    { enabled: path !== '' },
  )
  const [first] = pages.data?.pages ?? []
  return (
    <div ref={attach} className="mt-16" style={{ minHeight: 1 }}>
      {path !== '' && (
        <Section
          title="Tables"
          note={
            runs.length > mostRuns
              ? `the first ${mostRuns} runs side by side`
              : `${paths.length === 1 ? 'one table' : `${paths.length} tables`}, the runs side by side`
          }
        >
          <div className="row wrap" style={{ gap: 16 }}>
            <Choice
              label="Table"
              value={path}
              options={paths.map((one) => ({ value: one, label: one }))}
              onChange={(table) => setView({ table, by: '' })}
            />
            <Choice
              label="Rows belong together by"
              value={view.by}
              options={[
                { value: '', label: 'their place' },
                ...(first?.columns ?? []).map(({ name }) => ({ value: name, label: name })),
              ]}
              onChange={(by) => setView({ by })}
            />
            <Choice
              label="Rows"
              value={view.show}
              options={[
                { value: 'all', label: 'all' },
                { value: 'differing', label: 'that differ' },
              ]}
              onChange={(show) => setView({ show: show as typeof view.show })}
            />
          </div>
          <QueryView query={{ ...pages, data: first } as never} what="the tables" rows={6} permission="run:read">
            {(found: RunTables) => (
              <>
                <TableWords found={found} />
                {found.columns.length > 0 && (
                  <SideBySide found={found} rows={pages.data?.pages.flatMap(({ page }) => page) ?? []} />
                )}
              </>
            )}
          </QueryView>
          {pages.hasNextPage && (
            <div className="mt-8">
              <Button size="small" pending={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                Show more rows
              </Button>
            </div>
          )}
        </Section>
      )}
    </div>
  )
}

function TableWords({ found }: { readonly found: RunTables }) {
  const { tables, baseline, columns, leftOut, rows, differing } = found
  const readable = tables.filter(({ problem }) => problem === null)
  const base = baseline === null ? undefined : tables[baseline]
  const changed = columns.filter((one) => one.differs > 0)
  const partly = columns.filter((one) => one.in.some((has, at) => !has && tables[at]?.problem === null))
  return (
    <div className="mt-8">
      {base && readable.length > 1 && (
        <p>
          {differing === 0
            ? `All ${formatPlural(rows, 'row')} are the same.`
            : `${formatCount(differing)} of ${formatPlural(rows, 'row')} differ from ${base.name}${
                changed.length === 0
                  ? '.'
                  : `: ${changed.map(({ name, differs }) => `${name} in ${formatCount(differs)}`).join(', ')}.`
              }`}
          {partly.length > 0 && ` Not every table has ${partly.map(({ name }) => name).join(', ')}.`}
          {leftOut > 0 && ` ${formatPlural(leftOut, 'column')} beyond the first ${columns.length} are left out.`}
        </p>
      )}
      {tables
        .filter(({ problem }) => problem !== null)
        .map(({ run, name, problem }) => (
          <p key={run} className="t2 sm">
            {name}: {problem}
          </p>
        ))}
    </div>
  )
}

/** One column of the page for each column of each table; what differs from the baseline is marked by shade, weight and word. */
function SideBySide({ found, rows }: { readonly found: RunTables; readonly rows: RunTables['page'] }) {
  const places = found.tables.flatMap(({ problem }, at) => (problem === null ? [at] : []))
  const base = found.baseline === null ? undefined : found.tables[found.baseline]
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls both ways, which the keyboard must reach
    <div className="side-tables mt-8" tabIndex={0} role="group" aria-label={`Rows of ${found.path}`}>
      <table className="data data-compact" aria-label={`${found.path}, side by side`}>
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              {found.key ?? 'Row'}
            </th>
            {found.columns.map(({ name, differs }) => (
              <th key={name} scope="colgroup" colSpan={places.length} className="side-head">
                {name}
                {differs > 0 && (
                  <span className="t3">
                    {' '}
                    {formatCount(differs)} {differs === 1 ? 'differs' : 'differ'}
                  </span>
                )}
              </th>
            ))}
          </tr>
          <tr>
            {found.columns.flatMap(({ name }) =>
              places.map((at, index) => {
                const table = found.tables[at]
                return (
                  <th key={`${name}/${at}`} scope="col" className={index === 0 ? 'side-head' : undefined}>
                    <span className="row nowrap">
                      <RunMark index={at} id={table?.run ?? ''} base={base?.run} />
                      {table?.name}
                    </span>
                  </th>
                )
              }),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              <th scope="row" className="side-key">
                {row.key}
              </th>
              {found.columns.flatMap(({ name, type, in: has }, column) =>
                places.map((at, index) => {
                  const cells = row.cells[at]
                  const value = cells?.[column]
                  const differs = row.differs[at]?.includes(column)
                  const classes = [
                    index === 0 ? 'side-head' : '',
                    type === 'number' || type === 'integer' ? 'r' : '',
                    differs ? 'side-differs' : '',
                    cells ? '' : 'side-missing',
                  ]
                  return (
                    <td key={`${name}/${at}`} className={classes.filter(Boolean).join(' ') || undefined}>
                      {!cells ? (
                        <span className="t3">{column === 0 ? 'no such row' : ''}</span>
                      ) : value === null || value === undefined ? (
                        <span className="t3">{has[at] ? 'none' : '–'}</span>
                      ) : (
                        value
                      )}
                      {differs && <span className="sr-only">, differs</span>}
                    </td>
                  )
                }),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
