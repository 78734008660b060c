import {
  collectStorage,
  getStorage,
  scrubStorage,
  type StorageCollection,
  type StorageOverview,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatBytes, formatPlural } from '../../ui/format-number.ts'
import { Progress } from '../../ui/progress.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { CollectionsTable } from './collections-table.tsx'
import { DamagesSection } from './damages-section.tsx'

/** What uses space in the object store, what is damaged, and the collection of what nothing refers to. */
export function StoragePanel() {
  const [busy, setBusy] = useState(false)
  const storage = useContractQuery(getStorage, {}, { refetchInterval: busy ? 1000 : 30_000 })
  const running = storage.data?.collections.find(({ state }) => state === 'queued' || state === 'running')
  const working = running !== undefined || (storage.data !== undefined && askedCheck(storage.data) !== undefined)
  if (busy !== working) setBusy(working)
  return (
    <QueryView query={storage} what="the object store" permission="instance:admin">
      {(data) => (
        <>
          <Summary storage={data} />
          <DamagesSection damages={data.damages} />
          <Section
            title="What uses space"
            note="by project and kind; what two kinds hold counts for both, and once in the total"
          >
            <DataTable
              label="What uses space"
              rows={data.use}
              rowKey={(one) => `${one.project}/${one.kind}`}
              columns={[
                { id: 'project', head: 'Project', cell: (one) => one.project },
                { id: 'kind', head: 'Held by', cell: (one) => kindsOf(one.kind, one.owners) },
                {
                  id: 'contents',
                  head: 'Contents',
                  align: 'right',
                  cell: (one) => <Value value={one.contents} form="count" />,
                },
                { id: 'bytes', head: 'Size', align: 'right', cell: (one) => <Value value={one.bytes} form="bytes" /> },
              ]}
            />
          </Section>
          <Checks storage={data} />
          <Collection storage={data} running={running} />
        </>
      )}
    </QueryView>
  )
}

function Summary({ storage }: { readonly storage: StorageOverview }) {
  const total = storage.totals.reduce((sum, { bytes }) => sum + bytes, 0)
  const last = storage.collections.find(({ state, dryRun }) => state === 'finished' && !dryRun)
  return (
    <Facts
      facts={[
        { label: 'Object store', value: <span className="m">{storage.place}</span> },
        { label: 'Held', value: formatBytes(total) },
        { label: 'Last collected', value: last ? <LastAt at={last.finishedAt} /> : 'never' },
        last !== undefined && { label: 'Set aside', value: formatBytes(last.waitingBytes + last.setAsideBytes) },
        {
          label: 'Next',
          value:
            storage.everyHours === 0 ? 'when somebody says so' : `every ${formatPlural(storage.everyHours, 'hour')}`,
        },
      ]}
    />
  )
}

function LastAt({ at }: { readonly at: number | null }) {
  return (
    <>
      <Time at={at} show="age" /> ago
    </>
  )
}

const bySchedule = 'system:storage'

/** The check that somebody asked for and that is not finished. */
const askedCheck = ({ scrubs }: StorageOverview) =>
  scrubs.find(({ by, state }) => by !== bySchedule && (state === 'queued' || state === 'running'))

/** All content is read and compared with its digest, by schedule and when somebody says so. */
function Checks({ storage }: { readonly storage: StorageOverview }) {
  const scrub = useContractMutation(scrubStorage, { invalidates: [getStorage] })
  const running = askedCheck(storage)
  const round = storage.scrubs.find(({ by, state }) => by === bySchedule && state === 'running')
  const last = storage.scrubs.find(({ state }) => state === 'finished' || state === 'failed')
  return (
    <Section
      title="Checks"
      note={
        storage.scrubDays === 0
          ? 'all content is read and compared with its digest when somebody says so'
          : `all content is read and compared with its digest, once in ${formatPlural(storage.scrubDays, 'day')}`
      }
      end={
        <Button
          size="small"
          denied={running && 'A check is under way.'}
          pending={scrub.isPending}
          onClick={() => scrub.mutate({})}
        >
          Check now
        </Button>
      }
    >
      {scrub.error && <State kind="bad">{scrub.error.detail}</State>}
      {running && (
        <Note>
          <Progress title="Checking" done={running.contents} unit="contents read" />
        </Note>
      )}
      <Facts
        facts={[
          { label: 'Last whole check', value: last ? <Time at={last.finishedAt} /> : 'none yet' },
          last !== undefined && {
            label: 'It found',
            value:
              last.state === 'failed'
                ? `failed: ${last.error ?? 'the log says why'}`
                : last.damaged === 0
                  ? `${formatPlural(last.contents, 'content')}, all as stored`
                  : `${formatPlural(last.damaged, 'damaged content')} of ${formatPlural(last.contents, 'content')}`,
          },
          round !== undefined && { label: 'This round', value: `${Math.floor(round.part * 100)} % done` },
        ]}
      />
    </Section>
  )
}

function Collection({
  storage,
  running,
}: {
  readonly storage: StorageOverview
  readonly running: StorageCollection | undefined
}) {
  const [asked, setAsked] = useState(false)
  const collect = useContractMutation(collectStorage, { invalidates: [getStorage], onDone: () => setAsked(false) })
  const dry = storage.collections.find(({ state, dryRun }) => state === 'finished' && dryRun)
  const begin = (dryRun: boolean) => collect.mutate({ body: { dryRun } })
  const under = running && 'A collection is under way.'
  return (
    <Section
      title="Collections"
      note={`content that nothing refers to for ${formatPlural(storage.graceHours, 'hour')} is set aside; that long after it is removed`}
      end={
        <span className="row">
          <Button size="small" denied={under} onClick={() => begin(true)}>
            Look what would go
          </Button>
          <Button size="small" denied={under} onClick={() => setAsked(true)}>
            Collect…
          </Button>
        </span>
      }
    >
      {collect.error && !asked && <State kind="bad">{collect.error.detail}</State>}
      {running && (
        <Note>
          <Progress
            title={running.dryRun ? 'Looking what would go' : 'Collecting'}
            done={running.contents}
            unit="contents looked at"
          />
        </Note>
      )}
      <CollectionsTable collections={storage.collections} />
      <ConfirmLoss
        opened={asked}
        onClose={() => setAsked(false)}
        title={dry && dry.removed > 0 ? `Remove ${formatPlural(dry.removed, 'content')} for ever?` : 'Collect now?'}
        action={dry && dry.removed > 0 ? `Remove ${formatPlural(dry.removed, 'content')}` : 'Collect'}
        keep="Not now"
        weight={dry && dry.removed > 0 ? 'loss' : 'live'}
        pending={collect.isPending}
        error={collect.error?.detail}
        onConfirm={() => begin(false)}
      >
        {dry ? (
          <p>
            As of <Time at={dry.finishedAt} />: {formatBytes(dry.removedBytes)} set aside at least{' '}
            {formatPlural(storage.graceHours, 'hour')} before would be removed for ever, and{' '}
            {formatPlural(dry.setAside, 'content')} ({formatBytes(dry.setAsideBytes)}) set aside. What anything refers
            to stays.
          </p>
        ) : (
          <p>
            What was set aside at least {formatPlural(storage.graceHours, 'hour')} ago and is still held by nothing is
            removed for ever. What anything refers to stays. To see the numbers before, look first what would go.
          </p>
        )}
      </ConfirmLoss>
    </Section>
  )
}

const words: Record<string, readonly [one: string, many: string]> = {
  run: ['training run', 'training runs'],
  'logged-model': ['logged model', 'logged models'],
  'pipeline-run': ['pipeline run', 'pipeline runs'],
  pipeline: ['pipeline version', 'pipeline versions'],
  table: ['table of data', 'tables of data'],
  model: ['model version', 'model versions'],
  evaluation: ['evaluation', 'evaluations'],
  release: ['release', 'releases'],
  checkpoint: ['checkpoint of events', 'checkpoints of events'],
}

function kindsOf(kind: string, owners: number): string {
  const [one, many] = words[kind] ?? [kind, `${kind}s`]
  return formatPlural(owners, one, many)
}
