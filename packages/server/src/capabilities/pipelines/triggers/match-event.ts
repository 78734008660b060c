import type { SealedEvent } from '@trivium/contract'
import { parseUrn } from '../../../kernel/ids/index.ts'

/**
 * Whether an event is what a trigger waits for: undefined when all of `where` holds, else the reason why not. A key names a field of the event's data, or a
 * kind of entity (`dataset: flights`, `monitor: arrival-delay`) that the event is about; a list means any of its values.
 */
export function mismatch(event: SealedEvent, where: Readonly<Record<string, unknown>>): string | undefined {
  for (const [key, wanted] of Object.entries(where)) {
    const found = valuesOf(event, key)
    const accepted = (Array.isArray(wanted) ? wanted : [wanted]).map(String)
    if (found.length === 0) return `The event has no "${key}".`
    if (!found.some((value) => accepted.includes(value)))
      return `${key} is ${found.join(', ')}, not ${accepted.join(' or ')}.`
  }
  return undefined
}

function valuesOf(event: SealedEvent, key: string): string[] {
  const own = event.data[key]
  if (own !== undefined && own !== null) return (Array.isArray(own) ? own : [own]).map(String)
  return [event.subject, ...event.refs.map((ref) => ref.urn)].flatMap((urn) => {
    const parts = parseUrn(urn)
    return parts?.kind === key ? [parts.id] : []
  })
}
