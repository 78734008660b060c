import {
  type Baseline,
  getBaseline,
  getFrontier,
  judgeBaselines,
  listBaselines,
  retireBaseline,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { Facts, KeyValues } from '../../ui/facts.tsx'
import { TextArea } from '../../ui/field.tsx'
import { Hash } from '../../ui/hash.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Aside, Note, Section, WithAside } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatValue } from '../../ui/value.tsx'
import { BaselineJudgements } from './baseline-judgements.tsx'
import { datasetWords, spreadWords } from './baseline-words.ts'

/** A published result: its exact protocol, and how the runs that reproduce it came out. */
export function Page() {
  const { project, baseline } = usePageParams<'baseline'>()
  const query = useContractQuery(getBaseline, { params: { project, baseline } })
  return (
    <QueryView query={query} what="the baseline" permission="run:read" rows={6}>
      {({ baseline: one, experimentName, ...found }) => (
        <>
          <PageHeader
            title={one.name}
            note={one.task}
            actions={
              <Button
                href={`/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(experimentName)}/frontier?tab=baselines`}
              >
                Baselines of {experimentName}
              </Button>
            }
          />
          {one.retiredAt !== null && (
            <Note tone="warn">
              Retired <Time at={one.retiredAt} />: {one.retiredReason} It is no longer shown beside runs.
            </Note>
          )}
          <Facts
            facts={[
              { label: 'Metric', value: <span className="mono">{one.metric}</span> },
              { label: 'Published', value: formatValue(one.value) },
              { label: 'Uncertainty', value: spreadWords(one.spread) },
              { label: 'Better is', value: one.direction === 'higher-is-better' ? 'more' : 'less' },
              { label: 'Measured on', value: datasetWords(one) },
              { label: 'Split', value: one.split || 'all of it' },
            ]}
          />
          <WithAside aside={<Origin project={project} baseline={one} />} asideLabel="Source and record">
            <Section title="Reproductions" note="runs that say they reproduce it; the newest twenty">
              {found.runs.length === 0 ? (
                <p className="t2">
                  No run says so yet. Declare one on its page, or set its tag <code>trivium.baseline</code> to{' '}
                  <code>{one.id}</code>.
                </p>
              ) : (
                <BaselineJudgements project={project} baselines={[one]} {...found} without="baseline" />
              )}
            </Section>
            <Section title="Protocol">
              <Markdown text={one.protocol} />
            </Section>
            <Section title="How the metric is computed">
              <p className="prose">{one.definition}</p>
            </Section>
            {(Object.keys(one.params).length > 0 || one.seeds.length > 0) && (
              <Section title="Parameters and seeds">
                <KeyValues
                  facts={[
                    ...Object.entries(one.params).map(([label, value]) => ({
                      label,
                      value: <span className="mono">{value}</span>,
                    })),
                    one.seeds.length > 0 && {
                      label: 'seeds',
                      value: <span className="mono">{one.seeds.join(', ')}</span>,
                    },
                  ]}
                />
              </Section>
            )}
          </WithAside>
        </>
      )}
    </QueryView>
  )
}

function Origin({ project, baseline }: { readonly project: string; readonly baseline: Baseline }) {
  const { source, dataset, code } = baseline
  return (
    <>
      <Aside title="Source">
        <p>{source.title}</p>
        {source.published !== '' && <p className="t2">Published {source.published}</p>}
        {source.url !== '' && (
          <p>
            <a className="link" href={source.url} rel="noreferrer noopener" target="_blank">
              {source.url}
            </a>
          </p>
        )}
        {code !== '' && <p className="t2">Code: {code}</p>}
      </Aside>
      <Aside title="Data">
        {dataset.version === null ? (
          <p>{dataset.name}, not in this project</p>
        ) : (
          <AppLink
            className="link"
            href={`/p/${encodeURIComponent(project)}/datasets/${encodeURIComponent(dataset.name)}?version=${dataset.version}`}
          >
            {datasetWords(baseline)}
          </AppLink>
        )}
        <div>
          <Hash value={dataset.digest} />
        </div>
      </Aside>
      <Aside title="Record">
        <p className="t2">
          {baseline.createdByName}, <Time at={baseline.createdAt} />
        </p>
        <Hash value={baseline.record} />
        <Retire project={project} baseline={baseline} />
      </Aside>
    </>
  )
}

function Retire({ project, baseline }: { readonly project: string; readonly baseline: Baseline }) {
  const [reason, setReason] = useState<string>()
  const retired = baseline.retiredAt !== null
  const change = useContractMutation(retireBaseline, {
    invalidates: [getBaseline, listBaselines, getFrontier, judgeBaselines],
    onDone: () => setReason(undefined),
  })
  const send = (body: { retired: boolean; reason?: string }) =>
    change.mutate({ params: { project, baseline: baseline.id }, body })
  return (
    <div className="stack gap-8 mt-8">
      {reason === undefined ? (
        <div>
          <Button pending={change.isPending} onClick={() => (retired ? send({ retired: false }) : setReason(''))}>
            {retired ? 'Take it back into use' : 'Retire'}
          </Button>
        </div>
      ) : (
        <>
          <TextArea
            label="Why it is retired"
            rows={2}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <div className="row">
            <Button
              pending={change.isPending}
              denied={reason.trim() === '' ? 'Write why.' : undefined}
              onClick={() => send({ retired: true, reason })}
            >
              Retire
            </Button>
            <Button look="quiet" onClick={() => setReason(undefined)}>
              Leave it
            </Button>
          </div>
        </>
      )}
      {change.error && <State kind="bad">{change.error.detail}</State>}
    </div>
  )
}
