import { getRunSources, gitTags, type RunCode, type RunDetail, type RunSources as Sources } from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { CommitLink, FileAtHost } from '../../ui/commit-link.tsx'
import { Patch } from '../../ui/patch.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { ConfigurationTable } from './run-configuration.tsx'

/** What the run was started from: the configuration of an experiment, cells of a notebook, code with the patch, packages. */
export function RunSources({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const query = useContractQuery(getRunSources, { params: { project, run: run.id } })
  return (
    <QueryView query={query} what="what the run was started from" shape="text" permission="run:read">
      {(sources) => <SourcesView run={run} sources={sources} />}
    </QueryView>
  )
}

function SourcesView({ run, sources }: { readonly run: RunDetail; readonly sources: Sources }) {
  const { code, packages, python, configuration, cells, problems } = sources
  const nothing = code === null && packages === null && configuration === null && cells === null
  const commit = run.tags[gitTags.commit]
  return (
    <>
      {problems.map((problem) => (
        <State key={problem} kind="warn">
          {problem}
        </State>
      ))}
      {nothing && (
        <p className="t2">
          {commit === undefined ? (
            'Neither code nor packages were kept. '
          ) : (
            <>
              The client named the commit <CommitLink commit={commit} repository={run.tags[gitTags.repository]} /> and
              kept nothing more.{' '}
            </>
          )}
          Start the program with <code>trivium track -- python train.py</code>, or the notebook with{' '}
          <code>trivium notebook</code>, and its code, patch and packages stand here.
        </p>
      )}
      {configuration && (
        <Section
          title="Configuration"
          note={
            configuration.base === null
              ? configuration.file
              : `${configuration.file}, against ${configuration.base.file}`
          }
        >
          {configuration.hypothesis !== '' && <p className="lead mt-4">{configuration.hypothesis}</p>}
          {configuration.base === null ? (
            <p className="t2 mt-4">It stands for itself: it names no base.</p>
          ) : (
            <ConfigurationTable
              changes={configuration.changes}
              before={configuration.base.file}
              after={configuration.file}
            />
          )}
          <pre className="code mt-8" tabIndex={0}>
            {configuration.text}
          </pre>
        </Section>
      )}
      {cells && (
        <Section title="Notebook" note={`${formatPlural(cells.length, 'cell')} ran until the run ended`}>
          <ol className="stack gap-8 mt-8" style={{ listStyle: 'none' }}>
            {cells.map((cell, at) => (
              <li key={at} className="row" style={{ alignItems: 'flex-start' }}>
                <span className="mono sm t3" style={{ flex: '0 0 44px', textAlign: 'right' }}>
                  [{cell.number ?? ' '}]
                </span>
                <pre className="code" tabIndex={0} style={{ flex: 1, minWidth: 0 }}>
                  {cell.source}
                </pre>
                {cell.failed && <State kind="bad">failed</State>}
              </li>
            ))}
          </ol>
        </Section>
      )}
      {code && <Code code={code} />}
      {packages && (
        <Section
          title="Packages"
          note={`${formatPlural(Object.keys(packages).length, 'package')}${python === null ? '' : `, Python ${python}`}`}
        >
          <DataTable
            label="Packages"
            density="compact"
            keys={false}
            rows={Object.entries(packages)}
            rowKey={([name]) => name}
            columns={[
              { id: 'name', head: 'Package', width: '40%', cell: ([name]) => <span className="mono">{name}</span> },
              { id: 'version', head: 'Version', cell: ([, version]) => <span className="mono">{version}</span> },
            ]}
          />
        </Section>
      )}
    </>
  )
}

function Code({ code }: { readonly code: RunCode }) {
  const [open, setOpen] = useState<string>()
  const shown = code.files.find(({ path }) => path === open)
  return (
    <Section
      title="Code"
      note={`${formatPlural(code.files.length, 'file')}${code.leftOut > 0 ? `, ${code.leftOut} left out as too large` : ''}`}
    >
      <p className="t2 mt-4">
        <code>{code.command.join(' ')}</code>
        {code.commit !== null && (
          <>
            {' '}
            at commit <CommitLink commit={code.commit} repository={code.repository} />
            {code.branch !== null && ` of ${code.branch}`}
            {code.patch === '' ? ', unchanged since.' : code.patch === null ? '.' : ', with changes:'}
          </>
        )}
      </p>
      {code.patch !== null && code.patch !== '' && <Patch text={code.patch} label="Changes since the commit" />}
      <ul className="row wrap mt-8">
        {code.files.map(({ path }) => (
          <li key={path}>
            <Button
              look={path === open ? 'outline' : 'quiet'}
              size="small"
              aria-pressed={path === open}
              onClick={() => setOpen(path === open ? undefined : path)}
            >
              {path}
            </Button>
          </li>
        ))}
      </ul>
      {shown && (
        <>
          <pre className="code mt-8" tabIndex={0} aria-label={shown.path}>
            {shown.text}
          </pre>
          <FileAtHost commit={code.commit} repository={code.repository} path={shown.path} />
        </>
      )}
    </Section>
  )
}
