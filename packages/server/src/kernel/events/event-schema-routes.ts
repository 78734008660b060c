import { eventJsonSchema, eventSchemas, findEventSchema, getEventSchema, listEventSchemas } from '@trivium/contract'
import { defineErrors } from '../errors/index.ts'
import { type Http, mount } from '../http/index.ts'

const eventErrors = defineErrors('EVENT', {
  SCHEMA_NOT_FOUND: {
    status: 404,
    message: (name: string, version: number) =>
      `There is no version ${version} of an event "${name}". GET /api/v1/events/schemas lists all.`,
  },
})

/** What every event says, for receivers of webhooks and readers of the log. */
export function eventSchemaRoutes(app: Http): void {
  mount(app, listEventSchemas, 200, async () => ({
    schemas: eventSchemas.map((one) => ({
      name: one.name,
      version: one.version,
      subject: one.subject,
      summary: one.summary,
      data: eventJsonSchema(one),
    })),
  }))
  mount(app, getEventSchema, 200, async ({ params }) => {
    const found = findEventSchema(params.name, params.version)
    if (!found) throw eventErrors.SCHEMA_NOT_FOUND(params.name, params.version)
    return eventJsonSchema(found)
  })
}
