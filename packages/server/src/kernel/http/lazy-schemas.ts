import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

type Validate = { (data: unknown): boolean; errors?: ValidateFunction['errors'] }
type Serialize = (data: unknown) => string
type BuildSerializer = (shared: unknown, options: unknown) => (route: unknown) => Serialize

/** Bodies are taken as they are; queries, parameters and headers are text that is read as what the schema wants. */
const bodies = () =>
  withFormats(
    new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: true, strict: false }),
  )
const texts = () =>
  withFormats(
    new Ajv({ coerceTypes: 'array', removeAdditional: false, useDefaults: true, allErrors: true, strict: false }),
  )

function withFormats(ajv: Ajv): Ajv {
  const add = addFormats as unknown as (instance: Ajv) => void
  add(ajv)
  return ajv
}

let body: Ajv | undefined
let text: Ajv | undefined

/**
 * A validator that is compiled by its first request. A few hundred routes compiled at the start cost half a second and 60 MB, of which most installations use
 * a tenth.
 */
export function lazyValidator({ schema, httpPart }: { schema: object; httpPart?: string }): Validate {
  let compiled: ValidateFunction | undefined
  const validate: Validate = (data) => {
    compiled ??= (httpPart === 'body' ? (body ??= bodies()) : (text ??= texts())).compile(everyKey(schema) as object)
    const valid = compiled(data) as boolean
    validate.errors = compiled.errors ?? null
    return valid
  }
  return validate
}

/**
 * The schema with maps that check every key. `^.*$` is how the contract's maps say «any key», but the dot leaves out line ends; and what fits no pattern of a
 * map is nobody's concern in JSON Schema. Either way a value would come through unchecked.
 */
function everyKey(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(everyKey)
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = 'patternProperties' in schema && !('additionalProperties' in schema)
  return Object.fromEntries(
    [...Object.entries(schema), ...(closed ? [['additionalProperties', false] as const] : [])].map(([word, inner]) => {
      if (word !== 'patternProperties' || inner === null || typeof inner !== 'object') return [word, everyKey(inner)]
      const patterns = Object.entries(inner as object)
      return [
        word,
        Object.fromEntries(patterns.map(([key, value]) => [key === '^.*$' ? '^[^]*$' : key, everyKey(value)])),
      ]
    }),
  )
}

/** Fastify's own serialisers, compiled by the first answer. */
export function lazySerializers(shared: unknown, options: unknown): (route: unknown) => Serialize {
  let build: ((route: unknown) => Serialize) | undefined
  return (route) => {
    let compiled: Serialize | undefined
    return (data) => {
      build ??= serializerFactory()(shared, options)
      compiled ??= build(route)
      return compiled(data)
    }
  }
}

/** The factory that Fastify takes when it is given none, loaded by the first answer. */
function serializerFactory(): BuildSerializer {
  const require = createRequire(import.meta.url)
  const { SerializerSelector } = require('@fastify/fast-json-stringify-compiler') as {
    SerializerSelector: () => BuildSerializer
  }
  return SerializerSelector()
}
