import type { SealedEvent } from '@trivium/contract'
import type { ReactNode } from 'react'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatCount } from '../../ui/format-number.ts'

/** What the home page tells; commits of predictions and labels come by the hundred and are told by the tiles. */
export const toldEvents = [
  'dataset.declared',
  'dataset.version-added',
  'dataset.version-rejected',
  'feature-view.defined',
  'experiment.created',
  'run.created',
  'run.finished',
  'evaluation.finished',
  'gate.passed',
  'gate.rejected',
  'model-version.registered',
  'model-version.approved',
  'model-version.declined',
  'model.alias-set',
  'model.alias-removed',
  'pipeline.defined',
  'pipeline-run.started',
  'pipeline-run.finished',
  'pipeline-run.failed',
  'pipeline-run.rejected',
  'pipeline-run.cancelled',
  'release.activated',
  'deployment.retired',
  'monitor.defined',
  'monitor.drifted',
  'monitor.degraded',
  'monitor.recovered',
  'window.judged',
  'alert.opened',
  'alert.acknowledged',
  'alert.resolved',
  'alert.rated',
  'inbox.opened',
  'inbox.decided',
].join(',')

/** One event as a sentence, with the thing it is about as a link. */
export function eventWords(event: SealedEvent): { readonly kind: string; readonly words: ReactNode } {
  const subject = parseUrn(event.subject)
  const kind = subject?.kind ?? 'lineage'
  const words = (name: string) => (typeof event.data[name] === 'string' ? event.data[name] : '')
  const amount = (name: string) => (typeof event.data[name] === 'number' ? formatCount(event.data[name]) : '')
  const it = subject && (
    <EntityLink
      kind={kind}
      name={words('title') || words('name') || subject.name}
      id={subject.id}
      version={kind === 'run' ? undefined : subject.version}
      look="name"
      strong
    >
      {kind === 'run' ? words('name') || subject.name : undefined}
    </EntityLink>
  )
  const plain = subject && (
    <EntityLink kind={kind} name={subject.name} id={subject.id} version={subject.version} look="name" strong />
  )
  const linked = (name: string) =>
    subject && (
      <EntityLink kind={kind} name={name} id={subject.id} version={undefined} look="name" strong>
        {name}
      </EntityLink>
    )
  const model = words('model') && (
    <EntityLink kind="model" name={words('model')} version={Number(event.data['version'])} look="name" strong />
  )
  const pipeline = subject && (
    <EntityLink kind="pipeline-run" name={words('pipeline')} id={subject.id} version={subject.id} look="name" strong>
      {words('pipeline')}
    </EntityLink>
  )
  const window = subject && (
    <EntityLink kind="window" name={subject.name} look="name">
      Window from {subject.name.split(':').at(-1)}
    </EntityLink>
  )
  const told: Record<string, ReactNode> = {
    'dataset.declared': <>{plain} was declared</>,
    'dataset.version-added': (
      <>
        {plain} arrived, {amount('rows')} rows
      </>
    ),
    'dataset.version-rejected': (
      <>
        {plain} refused new rows: {words('reason')}
      </>
    ),
    'feature-view.defined': (
      <>
        Feature view {plain} was defined, {words('fact')}
      </>
    ),
    'experiment.created': <>Experiment {linked(words('name'))} began</>,
    'run.created': <>Run {it} started</>,
    'run.finished': (
      <>
        Run {it} {words('status') === 'FAILED' ? 'failed' : words('status') === 'KILLED' ? 'was stopped' : 'finished'}
      </>
    ),
    'evaluation.finished': (
      <>
        {linked('Evaluation')} on {amount('rows')} rows{words('verdict') ? `: ${words('verdict')}` : ''}
      </>
    ),
    'gate.passed': <>The gate passed {model}</>,
    'gate.rejected': (
      <>
        The gate blocked {model}: {words('reason')}
      </>
    ),
    'model-version.registered': <>{model} was registered</>,
    'model-version.approved': <>{model} was approved</>,
    'model-version.declined': <>{model} was declined</>,
    'model.alias-set': (
      <>
        {model} is {words('alias')}
      </>
    ),
    'model.alias-removed': (
      <>
        {model} is no longer {words('alias')}
      </>
    ),
    'pipeline.defined': <>Pipeline {plain} was saved</>,
    'pipeline-run.started': (
      <>
        {pipeline} started. {words('summary')}
      </>
    ),
    'pipeline-run.finished': <>{pipeline} finished</>,
    'pipeline-run.failed': (
      <>
        {pipeline} failed{words('reason') && `: ${words('reason')}`}
      </>
    ),
    'pipeline-run.rejected': <>{pipeline} was rejected by the gate</>,
    'pipeline-run.cancelled': <>{pipeline} was cancelled</>,
    'release.activated': (
      <>
        <EntityLink kind="deployment" name={words('deployment')} look="name" strong /> serves {model}
      </>
    ),
    'deployment.retired': <>{plain} was retired</>,
    'monitor.defined': (
      <>
        Monitor {plain} {words('fact')}
      </>
    ),
    'monitor.drifted': (
      <>
        {plain} drifted: {listed(event.data['features'])}
      </>
    ),
    'monitor.degraded': (
      <>
        {plain} degraded: {words('metric').replaceAll('-', ' ')}
      </>
    ),
    'monitor.recovered': (
      <>
        {plain} recovered{words('fact') && `: ${words('fact')}`}
      </>
    ),
    'window.judged': (
      <>
        {window} judged
        {typeof event.data['completeness'] === 'number' &&
          `, ${Math.round(event.data['completeness'] * 100)} % labelled`}
      </>
    ),
    'alert.opened': <>Alert {linked(words('title'))} opened</>,
    'alert.acknowledged': <>{linked(words('fact'))}</>,
    'alert.resolved': <>{linked(words('fact'))}</>,
    'alert.rated': <>{linked(words('fact') || 'An alert was rated')}</>,
    'inbox.opened': <>Asked: {linked(words('title'))}</>,
    'inbox.decided': (
      <>
        {linked('Decided')}: {words('option')}
        {words('reason') && `, ${words('reason')}`}
      </>
    ),
  }
  return {
    kind,
    words: told[event.name] ?? (
      <>
        {plain} {event.name.split('.').at(-1)?.replaceAll('-', ' ')}
      </>
    ),
  }
}

function listed(value: unknown): string {
  const names = Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}
