import { hash } from 'node:crypto'
import { canonicalJson } from '../ids/index.ts'
import type { EventTable } from './event-log.ts'

/**
 * The bytes of an event that its digest is made of: the public form of the event (`SealedEvent`) as canonical JSON (RFC 8785: sorted keys, no spaces,
 * UTF-8). A line of an export is exactly this, so that anybody can check one with `sha256sum`.
 */
export function canonicalEvent(row: EventTable): string {
  const text = JSON.stringify
  // The members in the order that canonical JSON wants; the general way takes twice as long.
  return `{"at":${row.at},"by":${text(row.by)},"data":${canonicalText(row.data)},"eventTime":${row.event_time},"id":${text(row.id)},"name":${text(row.name)},"project":${text(row.project_id)},"refs":${canonicalText(row.refs)},"schema":${row.schema_version},"seq":${row.seq},"subject":${text(row.subject)}}`
}

/** SHA-256 of the canonical bytes, in hex. */
export function eventDigest(row: EventTable): string {
  return hash('sha256', canonicalEvent(row), 'hex')
}

/** Somebody may have left text that is no JSON; it is then digested as the text that it is. */
function canonicalText(text: string): string {
  if (text === '[]' || text === '{}') return text
  try {
    return canonicalJson(JSON.parse(text))
  } catch {
    return JSON.stringify(text)
  }
}
