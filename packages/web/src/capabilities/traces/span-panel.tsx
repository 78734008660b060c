import type { TraceSpan } from '@trivium/contract'
import { Facts } from '../../ui/facts.tsx'
import { formatDuration } from '../../ui/format-time.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { spanState } from './trace-state.ts'

const words = { OK: 'done', ERROR: 'failed', UNSET: 'not said' }

/** One step: what it was asked, what it answered, what happened in it. */
export function SpanPanel({ span, begin }: { readonly span: TraceSpan; readonly begin: number }) {
  const attributes = Object.entries(span.attributes).filter(([key]) => !/^mlflow\.(traceRequestId|spanType)$/.test(key))
  return (
    <Section title={span.name || span.id} note={span.type === 'UNKNOWN' ? undefined : span.type.toLowerCase()}>
      <Facts
        facts={[
          { label: 'State', value: <State kind={spanState(span.status)}>{words[span.status]}</State> },
          { label: 'Took', value: span.endUs === null ? '–' : formatDuration((span.endUs - span.startUs) / 1000) },
          { label: 'Began after', value: formatDuration(Math.max(0, span.startUs - begin) / 1000) },
        ]}
      />
      {span.message !== null && <State kind="bad">{span.message}</State>}
      <Block title="Asked" value={span.inputs} />
      <Block title="Answered" value={span.outputs} />
      {span.events.map((event, i) => (
        <Block
          key={`${event.atUs}-${i}`}
          title={`${event.name} after ${formatDuration(Math.max(0, event.atUs - begin) / 1000)}`}
          value={
            typeof event.attributes['exception.stacktrace'] === 'string'
              ? event.attributes['exception.stacktrace']
              : event.attributes
          }
        />
      ))}
      {attributes.length > 0 && <Block title="Attributes" value={Object.fromEntries(attributes)} />}
    </Section>
  )
}

function Block({ title, value }: { readonly title: string; readonly value: unknown }) {
  if (value === null || value === undefined) return null
  return (
    <>
      <h3 className="mt-12">{title}</h3>
      <pre
        className="well mono"
        tabIndex={0}
        aria-label={title}
        style={{ maxHeight: 360, overflow: 'auto', whiteSpace: 'pre-wrap' }}
      >
        {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
      </pre>
    </>
  )
}
