import {
  archiveKeepers,
  type ArchivePolicy,
  type ArchivePreview,
  getArchivePolicy,
  previewArchivePolicy,
  setArchivePolicy,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

const usual: ArchivePolicy = { days: 90, keepBest: 0, metric: null, higherIsBetter: false }
const whole = /^\d{1,4}$/

/** By which policy old runs go into the archive: seen before it is saved. */
export function ArchivePolicyPanel({ project }: { readonly project: string }) {
  const query = useContractQuery(getArchivePolicy, { params: { project } })
  return (
    <QueryView query={query} what="the archive policy" shape="text" permission="run:read">
      {({ saved }) => (
        <Section
          title="Runs that are archived by themselves"
          note="once a day; tables leave them out, nothing is deleted, each can be brought back at once"
        >
          <p className="prose mt-4">
            {saved === null ? (
              'No policy: runs are archived by hand only.'
            ) : (
              <>
                {words(saved.policy)} Saved by {saved.savedByName} <Time at={saved.savedAt} />;{' '}
                {formatPlural(saved.archived, 'run')} archived so far
                {saved.lastAt === null ? (
                  '.'
                ) : (
                  <>
                    , last looked <Time at={saved.lastAt} />.
                  </>
                )}
              </>
            )}
          </p>
          <PolicyForm
            key={JSON.stringify(saved?.policy ?? null)}
            project={project}
            policy={saved?.policy ?? usual}
            saved={saved !== null}
          />
        </Section>
      )}
    </QueryView>
  )
}

function words({ days, keepBest, metric, higherIsBetter }: ArchivePolicy): string {
  const best =
    keepBest === 0
      ? ''
      : ` but the best ${formatCount(keepBest)} of each group by ${metric ?? ''} (${higherIsBetter ? 'more' : 'less'} is better)`
  return `Runs that ended more than ${formatPlural(days, 'day')} ago go into the archive,${best === '' ? '' : `${best},`} unless they are pinned, made a registered model, or are named by a report or an open idea.`
}

interface FormProps {
  readonly project: string
  readonly policy: ArchivePolicy
  readonly saved: boolean
}

function PolicyForm({ project, policy, saved }: FormProps) {
  const allowed = usePermission(project, 'project:admin')
  const [days, setDays] = useState(String(policy.days))
  const [keep, setKeep] = useState(String(policy.keepBest))
  const [metric, setMetric] = useState(policy.metric ?? '')
  const [better, setBetter] = useState(policy.higherIsBetter ? 'more' : 'less')
  const [seen, setSeen] = useState<{ of: string; found: ArchivePreview }>()
  const wanted: ArchivePolicy = {
    days: Number(days),
    keepBest: Number(keep),
    metric: metric.trim() === '' ? null : metric.trim(),
    higherIsBetter: better === 'more',
  }
  const key = JSON.stringify(wanted)
  const wrong = {
    days: whole.test(days) && Number(days) > 0 ? undefined : 'A whole number of days.',
    keep: whole.test(keep) && Number(keep) <= 1000 ? undefined : 'A whole number up to 1,000; 0 keeps none.',
    metric: Number(keep) > 0 && metric.trim() === '' ? 'Name what the best are judged by.' : undefined,
  }
  const problem = wrong.days ?? wrong.keep ?? wrong.metric
  const look = useContractMutation(previewArchivePolicy, { onDone: (found) => setSeen({ of: key, found }) })
  const save = useContractMutation(setArchivePolicy, { invalidates: [getArchivePolicy] })
  const shown = seen?.of === key ? seen.found : undefined
  const denied = allowed ? undefined : 'Only an administrator of the project sets the policy.'
  const error = look.error ?? save.error
  return (
    <>
      <div className="mt-16" style={{ maxWidth: 320 }}>
        <TextField
          label="Ended more than"
          unit="days ago"
          inputMode="numeric"
          value={days}
          error={wrong.days}
          onChange={(event) => setDays(event.target.value)}
        />
        <TextField
          label="Best of each group that stay"
          unit="runs"
          inputMode="numeric"
          value={keep}
          error={wrong.keep}
          onChange={(event) => setKeep(event.target.value)}
        />
        <TextField
          label="Judged by the metric"
          mono
          value={metric}
          error={wrong.metric}
          onChange={(event) => setMetric(event.target.value)}
        />
        <SelectField
          label="Better is"
          value={better}
          onChange={(event) => setBetter(event.target.value)}
          options={[
            { value: 'less', label: 'less' },
            { value: 'more', label: 'more' },
          ]}
        />
      </div>
      {error && <State kind="bad">{error.detail}</State>}
      <div className="row mt-12">
        <Button
          pending={look.isPending}
          denied={problem}
          onClick={() => look.mutate({ params: { project }, body: wanted })}
        >
          Preview the policy
        </Button>
        <Button
          look="primary"
          pending={save.isPending}
          denied={denied ?? (shown ? undefined : 'Look at the preview first.')}
          onClick={() => save.mutate({ params: { project }, body: { policy: wanted } })}
        >
          {shown ? `Save, archives ${formatPlural(shown.archived, 'run')} now` : 'Save the policy'}
        </Button>
        {saved && (
          <Button
            pending={save.isPending}
            denied={denied}
            onClick={() => save.mutate({ params: { project }, body: { policy: null } })}
          >
            Stop the policy
          </Button>
        )}
      </div>
      {shown && <Preview found={shown} />}
    </>
  )
}

function Preview({ found }: { readonly found: ArchivePreview }) {
  const { old, archived, kept, runs } = found
  const stay = Object.entries(archiveKeepers).flatMap(([key, word]) => {
    const count = kept[key as keyof typeof kept]
    return count === 0 ? [] : [`${formatCount(count)} ${word}`]
  })
  return (
    <div className="mt-16">
      <p>
        {formatCount(archived)} of {formatPlural(old, 'old run')} would go
        {stay.length === 0 ? '.' : `; ${stay.join(', ')} would stay.`}
      </p>
      {runs.length > 0 && (
        <DataTable
          label="Runs that would be archived"
          density="compact"
          keys={false}
          rows={runs}
          rowKey={(run) => run.id}
          columns={[
            {
              id: 'run',
              head: 'Run',
              cell: (run) => <EntityLink kind="run" name={run.name} id={run.id} look="name" />,
            },
            { id: 'experiment', head: 'Experiment', cell: (run) => run.experiment },
            { id: 'ended', head: 'Ended', align: 'right', cell: (run) => <Time at={run.endedAt} /> },
          ]}
          foot={archived > runs.length ? `the oldest ${runs.length} of ${formatCount(archived)}` : undefined}
        />
      )}
    </div>
  )
}
