import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/** What one version of an event says. Within a version only optional fields may be added; anything else is a new version. */
export interface EventSchema<Data extends TObject = TObject> {
  /** noun.verb; a name is never reused for something else. */
  readonly name: string
  readonly version: number
  /** Kind of entity in the URN of the event's subject. */
  readonly subject: string
  readonly summary: string
  /** Fields of `data`. Receivers ignore those that they do not know. */
  readonly data: Data
}

/** Declares version 1 of an event; a later version names its number. */
export function eventSchema<const P extends TProperties>(
  name: string,
  subject: string,
  summary: string,
  data: P,
  version = 1,
): EventSchema<TObject<P>> {
  return { name, version, subject, summary, data: Type.Object(data) }
}

/** The data of an event, as its schema says. */
export type EventData<S extends EventSchema> = Static<S['data']>

export const text = (description?: string) => Type.String(description === undefined ? {} : { description })
export const integer = (description?: string) => Type.Integer(description === undefined ? {} : { description })
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
/** A few words for people, such as the lineage graph shows under a node. */
export const fact = Type.Optional(Type.String({ description: 'A few words for people.' }))
/** What search finds the subject by. */
export const title = Type.Optional(Type.String({ description: 'What search finds it by.' }))
/** SHA-256 as hex. */
export const digest = Type.String({ description: 'SHA-256 as hex.' })
/** Milliseconds UTC in the event time of the project. */
export const eventTime = Type.Integer({ description: 'Event time, milliseconds UTC.' })
