import type { SealedEvent } from '@trivium/contract'

/**
 * An event as CloudEvents 1.0 (JSON format, structured mode). `sequence` is the extension of that name; `eventtime` is ours: the event time of the
 * project, where it differs from `time`. `dataschema` leads to the event's schema on this server where its address is known (setting publicUrl).
 */
export function cloudEvent(
  event: Pick<
    SealedEvent,
    'id' | 'project' | 'name' | 'schema' | 'at' | 'eventTime' | 'by' | 'subject' | 'refs' | 'data'
  > & { seq: number | null },
  { publicUrl }: { publicUrl: string },
): string {
  return JSON.stringify({
    specversion: '1.0',
    id: event.id,
    source: `trivium://${event.project}`,
    type: `dev.trivium.${event.name}`,
    subject: event.subject,
    time: new Date(event.at).toISOString(),
    ...(event.seq === null ? {} : { sequence: String(event.seq).padStart(16, '0') }),
    ...(event.eventTime === null ? {} : { eventtime: new Date(event.eventTime).toISOString() }),
    dataschema: `${publicUrl === '' ? 'https://trivium.dev/events' : `${publicUrl.replace(/\/$/, '')}/api/v1/events/schemas`}/${event.name}/${event.schema}`,
    datacontenttype: 'application/json',
    data: { by: event.by, refs: event.refs, ...event.data },
  })
}

/** Whether a pattern of a webhook means an event: its name, `noun.*` or `*`. */
export function matches(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1)))
}
