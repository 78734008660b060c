import { accessEvents } from './access-events.ts'
import { dataEvents } from './data-events.ts'
import type { EventSchema } from './event-schema.ts'
import { modelEvents } from './model-events.ts'
import { monitoringEvents } from './monitoring-events.ts'
import { pipelineEvents } from './pipeline-events.ts'
import { reportEvents } from './report-events.ts'
import { secretEvents } from './secret-events.ts'

export type { EventData, EventSchema } from './event-schema.ts'

/** Every event that Trivium appends, in every version that was ever published. */
export const eventSchemas: readonly EventSchema[] = [
  ...accessEvents,
  ...dataEvents,
  ...pipelineEvents,
  ...modelEvents,
  ...monitoringEvents,
  ...reportEvents,
  ...secretEvents,
]

/** The schema of one version of an event; undefined where there is none. */
export const findEventSchema = (name: string, version: number): EventSchema | undefined =>
  byKey().get(`${name}/${version}`)

let known: Map<string, EventSchema> | undefined
function byKey(): Map<string, EventSchema> {
  known ??= new Map(eventSchemas.map((one) => [`${one.name}/${one.version}`, one]))
  return known
}

/** The schema of an event's `data` as a JSON Schema document of its own. */
export const eventJsonSchema = (schema: EventSchema): Record<string, unknown> => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `https://trivium.dev/events/${schema.name}/${schema.version}`,
  title: `${schema.name}@${schema.version}`,
  description: schema.summary,
  ...schema.data,
})
