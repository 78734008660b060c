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

/** What was compiled, by its schema: a process with several servers, as tests have, compiles each schema once. */
const kept = {
  bodies: new WeakMap<object, ValidateFunction>(),
  texts: new WeakMap<object, ValidateFunction>(),
  answers: new WeakMap<object, Serialize>(),
}

/**
 * A validator that is compiled by its first request. A few hundred routes compiled at the start cost half a second and 60 MB, of which most installations use
 * a tenth.
 */
export function lazyValidator({ schema, httpPart }: { schema: object; httpPart?: string }): Validate {
  let compiled: ValidateFunction | undefined
  const validate: Validate = (data) => {
    compiled ??=
      httpPart === 'body'
        ? compiledFor(schema, kept.bodies, () => (body ??= bodies()))
        : compiledFor(schema, kept.texts, () => (text ??= texts()))
    const valid = compiled(data) as boolean
    validate.errors = compiled.errors ?? null
    return valid
  }
  return validate
}

function compiledFor(schema: object, known: WeakMap<object, ValidateFunction>, ajv: () => Ajv): ValidateFunction {
  const found = known.get(schema)
  if (found) return found
  const made = ajv().compile(everyKey(schema) as object)
  known.set(schema, made)
  return made
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
export function lazySerializers(shared: unknown, options: unknown): (route: { readonly schema: object }) => Serialize {
  let build: ((route: unknown) => Serialize) | undefined
  return (route) => {
    let compiled: Serialize | undefined
    return (data) => {
      compiled ??= kept.answers.get(route.schema)
      if (!compiled) {
        build ??= serializerFactory()(shared, options)
        compiled = build(route)
        kept.answers.set(route.schema, compiled)
      }
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
