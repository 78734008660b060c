import { compareRunSources, type RunComparison, type RunSourceDifferences } from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { CommitLink } from '../../ui/commit-link.tsx'
import { Diff, ValuesDiff } from '../../ui/diff.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { Choice } from './choice.tsx'
import { ConfigurationTable } from './run-configuration.tsx'

/** Code, packages and configuration of a run beside the baseline's. */
export function CompareSources({ project, runs }: { readonly project: string; readonly runs: RunComparison['runs'] }) {
  const [base, ...others] = runs
  const [chosen, setChosen] = useState<string>()
  const run = others.find((one) => one.id === chosen) ?? others[0]
  const query = useContractQuery(
    compareRunSources,
    { params: { project }, query: { base: base?.id ?? '', run: run?.id ?? '' } },
    { enabled: base !== undefined && run !== undefined, keep: true },
  )
  if (!base || !run) return null
  return (
    <Section
      title="Code and environment"
      note={`${run.name} against ${base.name}`}
      end={
        others.length > 1 && (
          <Choice
            label="Run"
            value={run.id}
            onChange={setChosen}
            options={others.map(({ id, name }) => ({ value: id, label: name }))}
          />
        )
      }
    >
      <QueryView query={query} what="code and environment" shape="text" permission="run:read">
        {(found) => <Differences found={found} names={[base.name, run.name]} />}
      </QueryView>
    </Section>
  )
}

type Kept = RunSourceDifferences['code']['kept']

function Differences({
  found,
  names,
}: {
  readonly found: RunSourceDifferences
  readonly names: readonly [string, string]
}) {
  const { code, environment, configuration, problems } = found
  const missing = (kept: Kept, what: string): string | undefined =>
    kept.before && kept.after
      ? undefined
      : kept.before || kept.after
        ? `${kept.before ? names[1] : names[0]} kept no ${what}, so there is nothing to compare.`
        : `Neither run kept its ${what}.`
  const [noCode, noPackages] = [missing(code.kept, 'code'), missing(environment.kept, 'packages')]
  return (
    <>
      {problems.map((problem) => (
        <p key={problem} className="t2">
          {problem}
        </p>
      ))}
      {configuration.kept.before && configuration.kept.after && (
        <Section level={3} title="Configuration" note={configuration.hypotheses.after}>
          <ConfigurationTable changes={configuration.changes} before={names[0]} after={names[1]} />
        </Section>
      )}
      <Section
        level={3}
        title="Code"
        note={
          noCode === undefined
            ? `${code.files.length} of ${formatPlural(code.files.length + code.same, 'file')} differ`
            : undefined
        }
      >
        <Commits code={code} />
        {noCode !== undefined ? (
          <p className="t2 mt-4">{noCode}</p>
        ) : (
          <>
            {code.files.length === 0 && <p className="t2 mt-4">No file differs.</p>}
            {code.files.map(({ path, change, before, after }) => (
              <details key={path} className="mt-8" open={code.files.length <= 5}>
                <summary>
                  <span className="mono">{path}</span> <span className="t3 sm">{change}</span>
                </summary>
                {before === null && after === null ? (
                  <p className="t2">It is too large to show here.</p>
                ) : (
                  <Diff before={before ?? ''} after={after ?? ''} label={`${path}, ${names[0]} against ${names[1]}`} />
                )}
              </details>
            ))}
          </>
        )}
      </Section>
      <Section
        level={3}
        title="Packages"
        note={
          noPackages === undefined
            ? `${environment.packages.length} of ${formatPlural(environment.packages.length + environment.same, 'package')} differ`
            : undefined
        }
      >
        {noPackages !== undefined ? (
          <p className="t2 mt-4">{noPackages}</p>
        ) : environment.packages.length === 0 && environment.python.before === environment.python.after ? (
          <p className="t2 mt-4">They ran on the same packages.</p>
        ) : (
          <ValuesDiff
            label="Packages that differ"
            columns={names}
            rows={[
              ...(environment.python.before === environment.python.after
                ? []
                : [{ name: 'Python', values: [environment.python.before, environment.python.after] }]),
              ...environment.packages.map(({ name, before, after }) => ({ name, values: [before, after] })),
            ]}
          />
        )}
      </Section>
    </>
  )
}

function Commits({ code: { commits, repositories } }: { readonly code: RunSourceDifferences['code'] }) {
  const of = (side: 'before' | 'after') =>
    commits[side] === null ? (
      'none that was recorded'
    ) : (
      <CommitLink commit={commits[side]} repository={repositories[side]} />
    )
  if (commits.before === null && commits.after === null) return null
  return (
    <p className="t2 mt-4">
      {commits.before === commits.after ? (
        <>Both from commit {of('before')}.</>
      ) : (
        <>
          From commit {of('before')} to {of('after')}.
        </>
      )}
    </p>
  )
}
