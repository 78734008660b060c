import { eventJsonSchema, eventSchemas } from '@trivium/contract'
import { generatedNotice, markdownTable } from './markdown.ts'

/** What was published of an event: its subject and the JSON Schema of its data. */
export interface PublishedEvent {
  readonly subject: string
  readonly schema: Record<string, unknown>
}

/** Every schema by `name@version`, in the order of their names. */
export function presentEvents(): Record<string, PublishedEvent> {
  const entries = eventSchemas.map((one): [string, PublishedEvent] => [
    `${one.name}@${one.version}`,
    { subject: one.subject, schema: JSON.parse(JSON.stringify(eventJsonSchema(one))) as Record<string, unknown> },
  ])
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What receivers of the published events would stumble over: within a version only optional fields may be added. */
export function brokenPromises(
  published: Readonly<Record<string, PublishedEvent>>,
  present: Readonly<Record<string, PublishedEvent>>,
): string[] {
  return Object.entries(published).flatMap(([key, before]) => {
    const now = present[key]
    if (!now) return [`${key} is gone`]
    return [
      ...(now.subject === before.subject ? [] : [`${key} is about a ${now.subject} instead of a ${before.subject}`]),
      ...changes(`${key} data`, before.schema, now.schema),
    ]
  })
}

function changes(place: string, before: Json, now: Json): string[] {
  const fields = propertiesOf(before)
  const others = propertiesOf(now)
  const required = (schema: Json) => JSON.stringify(((schema['required'] as string[] | undefined) ?? []).toSorted())
  return [
    ...(words(before) === words(now) ? [] : [`${place} is another type`]),
    ...(required(before) === required(now) ? [] : [`${place}: other fields are required`]),
    ...Object.entries(fields).flatMap(([name, schema]) => {
      const other = others[name]
      return other ? changes(`${place}.${name}`, schema, other) : [`${place}.${name} is gone`]
    }),
  ]
}

type Json = Readonly<Record<string, unknown>>
const propertiesOf = (schema: Json) => (schema['properties'] ?? {}) as Readonly<Record<string, Json>>

/** A schema without its fields and without words for people. */
function words(schema: Json): string {
  const { properties: _fields, required: _required, ...rest } = schema
  return JSON.stringify(rest, (key, value: unknown) => (key === 'description' || key === 'title' ? undefined : value))
}

/** docs/reference/event-schemas.json: what is promised, and what the next change is compared with. */
export const eventSchemasDocument = (): string => `${JSON.stringify(presentEvents(), null, 1)}\n`

/** The reference of the events, for people. */
export function eventsPage(): string {
  const sections = eventSchemas
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => {
      const required = new Set((one.data as { required?: string[] }).required ?? [])
      const rows = Object.entries(one.data.properties).map(([name, schema]) => [
        `\`${name}\`${required.has(name) ? '' : ' (optional)'}`,
        typeName(schema as Json),
        String((schema as Json)['description'] ?? ''),
      ])
      const fields = rows.length === 0 ? 'Its data is empty.' : markdownTable(['field', 'type', 'meaning'], rows)
      return `## ${one.name}\n\nVersion ${one.version}, about a \`${one.subject}\`. ${one.summary}\n\n${fields}`
    })
  return `${generatedNotice}

# Events

Every change of state is one event (\`GET /api/v1/projects/PROJECT/events\`), and webhooks send the same as CloudEvents. An event has a name that is never reused
and a version of what its \`data\` holds. Within a version only optional fields are added, so ignore fields that you do not know; anything else becomes a new version. The
schemas as JSON Schema are at \`GET /api/v1/events/schemas\`, and in [event-schemas.json](event-schemas.json). In webhooks, \`data\` also holds \`by\` and \`refs\`.

${sections.join('\n\n')}
`
}

function typeName(schema: Json): string {
  if (Array.isArray(schema['anyOf'])) return (schema['anyOf'] as Json[]).map(typeName).join(' or ')
  if ('const' in schema) return JSON.stringify(schema['const'])
  if (schema['type'] === 'array') return `array of ${typeName((schema['items'] ?? {}) as Json)}`
  return String(schema['type'] ?? 'any')
}
