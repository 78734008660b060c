import { Type } from 'typebox'
import { ModelPolicy, ModelStrategy } from '../registry.ts'
import { digest, eventSchema, fact, integer, nullable, text, title } from './event-schema.ts'

const version = { model: text(), version: integer() }
const tag = { key: text(), value: nullable(text('Null where it has more than 500 characters.')) }
const release = {
  deployment: text(),
  number: integer('Number of the release within the deployment.'),
  ...version,
  digest,
  previous: nullable(text('Id of the release before.')),
  previousVersion: nullable(integer()),
  fact,
}

const { names, tags, aliases, labelNew, replacement } = ModelStrategy.properties
const required = Type.Union([Type.Literal('description'), Type.Literal('run'), Type.Literal('signature')])
/** A strategy before formats, pickles and protected aliases. */
const firstStrategy = Type.Object(
  { names, tags, require: Type.Array(required, { maxItems: 3 }), aliases, labelNew, replacement },
  { additionalProperties: false },
)

/** Models, their versions, releases and deployments. */
export const modelEvents = [
  eventSchema('model.created', 'model', 'A model was registered.', { name: text() }),
  eventSchema('model.renamed', 'model', 'A model got another name; its URN is the new one.', { before: text() }),
  eventSchema('model.deleted', 'model', 'A model was deleted.', { name: text() }),
  eventSchema('model.policy-set', 'model', 'Who approves versions, and whether the model is productive, was set.', {
    name: text(),
    ...ModelPolicy.properties,
    before: ModelPolicy,
  }),
  eventSchema('model-strategy.set', 'project', 'The rules for names, tags and aliases of models were set.', {
    before: firstStrategy,
    strategy: firstStrategy,
  }),
  eventSchema(
    'model-strategy.set',
    'project',
    'The rules for names, metadata, formats and aliases of models were set.',
    { before: ModelStrategy, strategy: ModelStrategy },
    2,
  ),
  eventSchema('model.alias-set', 'model', 'An alias was pointed to a version.', {
    ...version,
    alias: text(),
    before: nullable(integer('The version that it pointed to.')),
    reason: Type.Optional(text('Why, in the words of whoever set it.')),
    fact,
  }),
  eventSchema('model.alias-removed', 'model', 'An alias was removed.', { model: text(), alias: text() }),
  eventSchema('model.tag-set', 'model', 'A tag of a model was set.', { model: text(), ...tag }),
  eventSchema('model.tag-removed', 'model', 'A tag of a model was removed.', { model: text(), key: text() }),
  eventSchema('model-version.tag-set', 'model', 'A tag of a version was set.', { ...version, ...tag }),
  eventSchema('model-version.tag-removed', 'model', 'A tag of a version was removed.', { ...version, key: text() }),
  eventSchema('model-version.registered', 'model', 'A version of a model was registered.', {
    ...version,
    digest: nullable(digest),
    flavors: Type.Array(text()),
    title,
    fact,
  }),
  eventSchema('model.imported', 'model', 'A model of another registry was brought here.', {
    name: text(),
    createdAt: integer('When it was made there, milliseconds UTC.'),
  }),
  eventSchema('model-version.imported', 'model', 'A version of another registry was brought here, with its number.', {
    ...version,
    digest,
    flavors: Type.Array(text()),
    createdAt: integer('When it was registered there, milliseconds UTC.'),
    title,
    fact,
  }),
  eventSchema('model-version.evidence-attached', 'model', 'Evidence was attached to a version.', {
    ...version,
    kind: text(),
    verdict: text(),
    digest,
    position: integer(),
    fact,
  }),
  eventSchema('model-version.approved', 'model', 'A person approved a version.', { ...version, fact }),
  eventSchema('model-version.declined', 'model', 'A person declined a version.', { ...version, fact }),
  eventSchema('model-version.deleted', 'model', 'A version was deleted.', version),
  eventSchema('release.activated', 'release', 'A deployment serves another release.', release),
  eventSchema('release.rolled-back', 'release', 'A deployment serves an earlier release again.', release),
  eventSchema('deployment.limit-set', 'deployment', 'How many requests a deployment takes was set.', {
    requestsPerMinute: nullable(integer()),
    before: nullable(integer()),
  }),
  eventSchema('deployment.retired', 'deployment', 'A deployment was taken out of service.', {
    release: text('Id of the release that it served.'),
    fact,
  }),
  eventSchema('deployment.restored', 'deployment', 'A deployment was brought back to its last working state.', {
    deployment: text(),
    release: text(),
    alias: nullable(Type.Object({ model: text(), alias: text(), from: integer(), to: integer() })),
    pipeline: nullable(Type.Object({ name: text(), version: integer(), from: integer() })),
    datasets: Type.Array(Type.Object({ name: text(), version: integer() })),
    reason: nullable(text()),
    fact,
  }),
] as const
