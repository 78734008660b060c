import { listDatasetVersions, type RegisteredModel } from '@trivium/contract'
import { Sparkline } from '../../charts/sparkline.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatNumber, formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import type { StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { runStatus } from '../tracking/run-status.ts'
import type { ProjectState } from './project-state.ts'
import { Tile } from './tile.tsx'

interface TileSource {
  readonly project: string
  readonly state: ProjectState
}

const unread = 'could not be read'
const base = (project: string) => `/p/${encodeURIComponent(project)}`

/** The dataset that changed last. */
export function DataTile({ project, state: { datasets } }: TileSource) {
  const all = datasets.data?.datasets ?? []
  const newest = all
    .filter((one) => one.latest !== null)
    .toSorted((a, b) => (b.latest?.createdAt ?? 0) - (a.latest?.createdAt ?? 0))[0]
  const latest = newest?.latest
  const versions = useContractQuery(
    listDatasetVersions,
    { params: { project, dataset: newest?.name ?? '' }, query: { limit: 30 } },
    { enabled: newest !== undefined },
  )
  const href = `${base(project)}/datasets`
  if (!newest || !latest)
    return (
      <Tile
        kind="dataset"
        title="Data"
        href={href}
        none={datasets.error ? unread : 'No dataset yet.'}
        how={datasets.error ? undefined : 'trivium data add FILE --name NAME'}
      />
    )
  const state: { kind: StateKind; word: string } = newest.rejectedAt
    ? { kind: 'bad', word: 'new rows refused' }
    : latest.state === 'warned'
      ? { kind: 'warn', word: 'valid, warned' }
      : { kind: 'ok', word: 'valid' }
  return (
    <Tile
      kind="dataset"
      title="Data"
      href={href}
      state={state}
      big={formatCount(latest.rows)}
      unit="rows"
      fact={
        <>
          <EntityLink kind="dataset" name={newest.name} version={latest.version} look="name" />
          {`, ${formatPlural(newest.checks.length, 'check')}`}
          {all.length > 1 && `, ${formatPlural(all.length, 'dataset')}`}
        </>
      }
      mini={
        (versions.data?.versions.length ?? 0) > 1 && (
          <Sparkline
            values={(versions.data?.versions ?? [])
              .toSorted((a, b) => a.version - b.version)
              .map((version) => version.rows)}
            width={128}
            height={20}
            color="s6"
          />
        )
      }
      foot={
        latest.maxTime === null ? (
          <>
            arrived <Time at={latest.createdAt} />
          </>
        ) : (
          <>
            newest rows <Time at={latest.maxTime} clock="event" />
          </>
        )
      }
    />
  )
}

/** The newest run, and how runs do on the metric that most of them have. */
export function RunsTile({ project, state: { runs } }: TileSource) {
  const newest = runs.data?.runs[0]
  const href = `${base(project)}/experiments`
  if (!newest)
    return (
      <Tile
        kind="run"
        title="Runs"
        href={href}
        none={runs.error ? unread : 'No run yet.'}
        how={runs.error ? undefined : 'eval "$(trivium env)"'}
      />
    )
  const counts = new Map<string, number>()
  for (const run of runs.data?.runs ?? [])
    for (const key of Object.keys(run.metrics)) counts.set(key, (counts.get(key) ?? 0) + 1)
  const key = [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]
  const value = key === undefined ? undefined : newest.metrics[key]
  const values = key === undefined ? [] : (runs.data?.runs ?? []).map((run) => run.metrics[key] ?? null).toReversed()
  return (
    <Tile
      kind="run"
      title="Runs"
      href={href}
      state={runStatus(newest)}
      big={formatCount(runs.data?.total ?? 0)}
      unit={runs.data?.total === 1 ? 'run' : 'runs'}
      fact={
        <>
          <EntityLink kind="run" name={newest.name} id={newest.id} look="name" />
          {typeof value === 'number' && `, ${key} ${formatNumber(value)}`}
        </>
      }
      mini={values.length > 1 && <Sparkline values={values} width={128} height={20} />}
      foot={
        <>
          started <Time at={newest.startedAt} show="age" /> ago
          {newest.startedAt !== null && newest.endedAt !== null
            ? `, took ${formatDuration(newest.endedAt - newest.startedAt)}`
            : ''}
        </>
      }
    />
  )
}

/** The model that changed last: where its newest version stands, and which one is champion. */
export function ModelTile({ project, state: { models } }: TileSource) {
  const model = models.data?.models.toSorted((a, b) => b.updatedAt - a.updatedAt)[0]
  const latest = model?.latest
  const href = `${base(project)}/models`
  if (!model || !latest)
    return (
      <Tile kind="model" title="Model" href={href} none={models.error ? unread : 'No model yet. Runs register them.'} />
    )
  const champion = model.aliases.find((alias) => alias.alias === 'champion')
  const state: { kind: StateKind; word: string } =
    latest.approval === 'waiting'
      ? { kind: 'person', word: 'approval asked' }
      : latest.gate === 'failed'
        ? { kind: 'bad', word: 'blocked by the gate' }
        : latest.state === 'failed'
          ? { kind: 'bad', word: 'failed' }
          : latest.approval === 'declined'
            ? { kind: 'warn', word: 'declined' }
            : { kind: 'ok', word: latest.approval === 'approved' ? 'approved' : 'registered' }
  return (
    <Tile
      kind="model"
      title="Model"
      href={href}
      state={state}
      big={`v${latest.version}`}
      unit={latest.aliases.join(', ')}
      fact={
        <>
          <EntityLink kind="model" name={model.name} look="name" />
          {champion && champion.version !== latest.version && `, champion v${champion.version}`}
        </>
      }
      mini={<Versions model={model} />}
      foot={
        <>
          registered <Time at={latest.createdAt} show="age" /> ago
        </>
      }
    />
  )
}

/** Versions as dots: the champion filled, the newest hollow. */
function Versions({ model }: { readonly model: RegisteredModel }) {
  const count = Math.min(model.versions, 6)
  const first = model.versions - count + 1
  const champion = model.aliases.find((alias) => alias.alias === 'champion')?.version
  return (
    <svg width="128" height="20" role="img" aria-label={formatPlural(model.versions, 'version')}>
      {count > 1 && <path d={`M8 10H${8 + (count - 1) * 22}`} stroke="var(--line-strong)" />}
      {Array.from({ length: count }, (_, index) => {
        const version = first + index
        const is = version === champion
        return (
          <circle
            key={version}
            cx={8 + index * 22}
            cy="10"
            r={is ? 5 : 3.6}
            fill={is ? 'var(--text)' : version === model.versions ? 'var(--surface)' : 'var(--idle-mark)'}
            stroke={version === model.versions && !is ? 'var(--person-mark)' : 'none'}
            strokeWidth="1.6"
          />
        )
      })}
    </svg>
  )
}
