import { type CodeForks, getCodeForks, mergeCommand } from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeExample } from '../../ui/code-example.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { CommitLink, RepositoryLink } from '../../ui/commit-link.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Patch } from '../../ui/patch.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatValue } from '../../ui/value.tsx'

type Line = CodeForks['lines'][number]

interface CodeForksViewProps {
  readonly project: string
  readonly experiment: { readonly id: string; readonly name: string }
  readonly metric: string
}

/** Lines of code that train the models of an experiment: how far they diverge, what came of each, and what merging them back meets. */
export function CodeForksView({ project, experiment, metric }: CodeForksViewProps) {
  const query = useContractQuery(
    getCodeForks,
    { params: { project, experiment: experiment.id }, query: metric === '' ? {} : { metric } },
    { keep: true },
  )
  return (
    <QueryView query={query} what="the lines of code" permission="run:read" rows={6}>
      {(forks) => <Forks forks={forks} command={`trivium code forks ${JSON.stringify(experiment.name)}`} />}
    </QueryView>
  )
}

function Forks({ forks, command }: { readonly forks: CodeForks; readonly command: string }) {
  const { lines, missing, unmeasured, withoutCommit } = forks
  const base = lines.find((one) => one.isBase)
  const others = lines.filter((one) => !one.isBase)
  const newer = unmeasured.length - missing.length
  return (
    <>
      <p className="claim">{sentenceOf(forks)}</p>
      {!base ? (
        <>
          <p className="t2">The server has no repository. Whoever has it measures there, and everybody sees it here:</p>
          <CodeExample samples={[{ label: 'Shell', code: command }]} />
        </>
      ) : (
        <>
          <p className="sm t3">
            Measured <Time at={forks.recordedAt} /> by {forks.recordedByName}
            {newer > 0 && `; ${formatPlural(newer, 'commit')} of runs came since`}
            {missing.length > 0 && `; ${formatPlural(missing.length, 'commit')} of runs not in that repository`}.
          </p>
          <DataTable
            label="Lines of code"
            density="two-line"
            keys={false}
            rows={lines}
            rowKey={(one) => one.tip + one.name}
            columns={columnsOf(forks)}
          />
          {others.map((line) => (
            <LineSection key={line.tip} line={line} base={base} />
          ))}
        </>
      )}
      {unmeasured.length > 0 && (
        <Section title="Commits of runs on no measured line" note="measure again, or fetch their fork first">
          <DataTable
            label="Commits of runs on no measured line"
            density="compact"
            keys={false}
            rows={unmeasured.slice(0, 50)}
            rowKey={(one) => one.commit}
            columns={[
              {
                id: 'commit',
                head: 'Commit',
                cell: (one) => <CommitLink commit={one.commit} repository={one.repository} bare />,
              },
              { id: 'branch', head: 'Branch', cell: (one) => one.branch ?? <span className="t3">–</span> },
              {
                id: 'repository',
                head: 'Repository',
                cell: (one) =>
                  one.repository === null ? <span className="t3">–</span> : <RepositoryLink address={one.repository} />,
              },
              { id: 'runs', head: 'Runs', align: 'right', cell: (one) => formatCount(one.runs) },
              { id: 'last', head: 'Newest run', align: 'right', cell: (one) => <Time at={one.lastRunAt} /> },
            ]}
            foot={unmeasured.length > 50 && `The newest 50 of ${formatCount(unmeasured.length)}.`}
          />
        </Section>
      )}
      {withoutCommit > 0 && <p className="sm t3 mt-8">{formatPlural(withoutCommit, 'run')} recorded no commit.</p>}
    </>
  )
}

function sentenceOf({ lines, commits, unmeasured }: CodeForks): string {
  const apart = lines.filter((one) => !one.isBase)
  const base = lines.find((one) => one.isBase)
  if (commits.length === 0) return 'No run recorded a commit, so its lines of code are not known.'
  if (!base)
    return `Runs come from ${formatPlural(commits.length, 'commit')}; how their lines diverge was not measured yet.`
  if (apart.length === 0)
    return unmeasured.length === 0
      ? `Every commit that trained is on ${base.name}.`
      : `Every measured commit is on ${base.name}.`
  const stopped = apart.filter((one) => (one.conflicts?.length ?? 0) > 0).length
  return `${formatPlural(apart.length, 'line')} of code trained models beside ${base.name}; ${stopped === 0 ? 'none would meet a conflict when it is merged' : `${stopped} would meet conflicts when merged`}.`
}

function columnsOf({ metric, commits }: CodeForks): Column<Line>[] {
  const repositoryOf = (line: Line) =>
    commits.find(
      ({ commit, repository }) => repository !== null && (commit === line.tip || line.commits.includes(commit)),
    )?.repository
  const apart = (line: Line, text: React.ReactNode) => (line.isBase ? <span className="t3">–</span> : text)
  return [
    {
      id: 'name',
      head: 'Line',
      cell: (line) => (
        <div className="nowrap">
          <b>{line.name}</b> {line.isBase && <span className="t3 sm">base</span>}
          <div className="sm">
            <CommitLink commit={line.tip} repository={repositoryOf(line)} bare />
          </div>
        </div>
      ),
    },
    {
      id: 'runs',
      head: 'Runs',
      align: 'right',
      cell: (line) => (
        <>
          {formatCount(line.runs)}
          {line.dirty > 0 && <div className="sm t3">{formatCount(line.dirty)} uncommitted</div>}
        </>
      ),
    },
    {
      id: 'best',
      head: metric === null ? 'Best' : `Best ${metric}`,
      align: 'right',
      cell: (line) =>
        line.best ? (
          <>
            <EntityLink kind="run" name={line.best.name} id={line.best.run} look="name">
              {formatValue(line.best.value)}
            </EntityLink>
            <div className="sm t3">best of {formatPlural(line.best.of, 'run')}</div>
          </>
        ) : (
          <span className="t3">–</span>
        ),
    },
    {
      id: 'models',
      head: 'Models',
      cell: (line) =>
        line.models.length === 0 ? (
          <span className="t3">–</span>
        ) : (
          <span className="row wrap">
            {line.models.slice(0, 4).map(({ model, version }) => (
              <EntityLink key={`${model}@${version}`} kind="model" name={model} version={version} look="bare" />
            ))}
            {line.models.length > 4 && <span className="t3 sm">{line.models.length - 4} more</span>}
          </span>
        ),
    },
    {
      id: 'left',
      head: 'Left the base',
      align: 'right',
      cell: (line) => apart(line, line.mergeBase ? <Time at={line.mergeBase.at} show="day" /> : 'no common history'),
    },
    { id: 'ahead', head: 'Ahead', align: 'right', cell: (line) => apart(line, formatCount(line.ahead)) },
    { id: 'behind', head: 'Behind', align: 'right', cell: (line) => apart(line, formatCount(line.behind)) },
    {
      id: 'lines',
      head: 'Lines',
      align: 'right',
      cell: (line) => apart(line, `+${formatCount(line.added)} −${formatCount(line.removed)}`),
    },
    {
      id: 'files',
      head: 'Files',
      align: 'right',
      cell: (line) =>
        apart(
          line,
          <>
            {formatCount(line.touched)}
            <div className="sm t3">{formatCount(line.files.filter((file) => file.inBase).length)} in both</div>
          </>,
        ),
    },
    {
      id: 'merge',
      head: 'Merging it back',
      cell: (line) => apart(line, <MergeState line={line} />),
    },
  ]
}

function MergeState({ line }: { readonly line: Line }) {
  if (line.conflicts === null) return <State kind="none">not tried</State>
  if (line.conflicts.length === 0) return <State kind="ok">no conflict</State>
  return <State kind="warn">{formatPlural(line.conflicts.length, 'conflict')}</State>
}

/** One line in full: what both sides changed, what a merge stops at, and the patch. */
function LineSection({ line, base }: { readonly line: Line; readonly base: Line }) {
  const [shown, setShown] = useState(false)
  const both = line.files.filter((file) => file.inBase)
  if (line.mergeBase === null)
    return (
      <Section title={line.name}>
        <p className="t2">It has no history in common with {base.name}, so there is nothing to merge at.</p>
      </Section>
    )
  return (
    <Section
      title={line.name}
      note={`${formatPlural(line.ahead, 'commit')} since it left ${base.name}, which has ${formatPlural(line.behind, 'commit')} that it has not`}
      end={
        line.patchWhole && (
          <a
            className="link"
            download={`${line.name.replaceAll(/[^\w.-]+/g, '-')}.patch`}
            href={`data:text/x-patch;charset=utf-8,${encodeURIComponent(line.patch)}`}
          >
            Download the patch
          </a>
        )
      }
    >
      {(line.conflicts?.length ?? 0) > 0 && (
        <Note tone="warn">
          A merge into {base.name} would stop at {line.conflicts?.map((one) => one.path).join(', ')}.
        </Note>
      )}
      {line.conflicts?.map(({ path, preview }) => (
        <div key={path} className="mt-8">
          <div className="sm">
            <b className="mono">{path}</b>
          </div>
          <pre className="code-forks-preview mono" tabIndex={0} role="group" aria-label={`Conflict in ${path}`}>
            {preview}
          </pre>
        </div>
      ))}
      <DataTable
        label={`Files that ${line.name} changes`}
        density="compact"
        keys={false}
        rows={[...both, ...line.files.filter((file) => !file.inBase)].slice(0, 100)}
        rowKey={(file) => file.path}
        columns={[
          { id: 'path', head: 'File', cell: (file) => <span className="mono">{file.path}</span> },
          { id: 'added', head: 'Added', align: 'right', cell: (file) => formatCount(file.added) },
          { id: 'removed', head: 'Removed', align: 'right', cell: (file) => formatCount(file.removed) },
          {
            id: 'both',
            head: '',
            cell: (file) => (file.inBase ? <span className="t2">changed in {base.name} too</span> : ''),
          },
        ]}
        foot={line.touched > 100 && `100 of ${formatCount(line.touched)} files.`}
      />
      <div className="mt-8">
        <CodeExample samples={[{ label: 'Shell', code: mergeCommand(base, line) }]} />
      </div>
      {line.patchWhole ? (
        <>
          <div className="mt-8">
            <Button onClick={() => setShown(!shown)}>{shown ? 'Hide the patch' : 'Show the patch'}</Button>
          </div>
          {shown && <Patch text={line.patch} label={`Patch of ${line.name}`} />}
        </>
      ) : (
        <p className="sm t3 mt-8">
          The patch is too large to be kept here; <code>trivium code patch</code> writes it whole.
        </p>
      )}
    </Section>
  )
}
