import { Type, type Static } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

/**
 * What is wrong with a chain. `changed`, `removed`, `inserted`, `reordered`: one row of the events. `truncated`: the end is missing that a checkpoint covers.
 * `chain`: a batch itself was altered or removed. `rewritten`: digests were made anew, and a signed checkpoint says otherwise. `checkpoint`: a checkpoint is
 * missing or its signature is wrong.
 */
export const ChainProblem = Type.Object({
  kind: Type.Union([
    Type.Literal('changed'),
    Type.Literal('removed'),
    Type.Literal('inserted'),
    Type.Literal('reordered'),
    Type.Literal('truncated'),
    Type.Literal('chain'),
    Type.Literal('rewritten'),
    Type.Literal('checkpoint'),
  ]),
  seq: Type.Union([Type.Integer(), Type.Null()], { description: 'Where, by sequence number.' }),
  event: Type.Union([Type.String(), Type.Null()], { description: 'The event that it is about.' }),
  batch: Type.Union([Type.Integer(), Type.Null()], { description: 'The batch that it is in.' }),
  detail: Type.String(),
})
export type ChainProblem = Static<typeof ChainProblem>

/** A signed word about a chain: batch `batch` has this digest and ends with event `seq`. */
export const CheckpointFact = Type.Object({
  batch: Type.Integer(),
  seq: Type.Integer(),
  at: Type.Integer(),
  keyId: Type.String(),
})
export type CheckpointFact = Static<typeof CheckpointFact>

/** What a verification found. `intact` without problems; `seq` is how far it looked. */
export const ChainReport = Type.Object({
  project: Type.String(),
  intact: Type.Boolean(),
  events: Type.Integer(),
  batches: Type.Integer(),
  seq: Type.Integer(),
  digest: Type.Union([Type.String(), Type.Null()], { description: 'Digest of the last batch.' }),
  checkpoint: Type.Union([CheckpointFact, Type.Null()], { description: 'The newest checkpoint that was compared.' }),
  problems: Type.Array(ChainProblem, { description: 'The first hundred.' }),
  more: Type.Integer({ description: 'How many more there are.' }),
})
export type ChainReport = Static<typeof ChainReport>

/** Where the chain of a project stands, without looking at the events. */
export const ChainState = Type.Object({
  batches: Type.Integer(),
  events: Type.Integer(),
  seq: Type.Integer(),
  digest: Type.Union([Type.String(), Type.Null()]),
  checkpoint: Type.Union([CheckpointFact, Type.Null()]),
  verified: Type.Union(
    [Type.Object({ at: Type.Integer(), seq: Type.Integer(), problems: Type.Integer() }), Type.Null()],
    { description: 'The last verification.' },
  ),
})
export type ChainState = Static<typeof ChainState>

export const getEventChain = route({
  method: 'GET',
  url: '/api/v1/projects/:project/events/chain',
  permission: 'event:read',
  schema: {
    operationId: 'getEventChain',
    summary: 'Says how far the events of a project are sealed, signed and verified.',
    params: ProjectParams,
    response: { 200: ChainState, 403: Problem, 404: Problem },
  },
})

export const verifyEvents = route({
  method: 'POST',
  url: '/api/v1/projects/:project/events/verify',
  permission: 'audit:read',
  load: 'heavy',
  schema: {
    operationId: 'verifyEvents',
    summary:
      'Recomputes the hash chain of a project from its events and compares it with the signed checkpoints; says which event was changed, removed, moved or inserted.',
    params: ProjectParams,
    response: { 200: ChainReport, 403: Problem, 404: Problem },
  },
})

export const getSigningKey = route({
  method: 'GET',
  url: '/api/v1/signing-key',
  permission: 'instance:admin',
  schema: {
    operationId: 'getSigningKey',
    summary:
      'The public key (Ed25519) that checkpoints of the events are signed with, and every key that was used before.',
    response: {
      200: Type.Object({
        keyId: Type.String(),
        publicKey: Type.String({ description: 'PEM' }),
        known: Type.Array(Type.Object({ keyId: Type.String(), publicKey: Type.String(), addedAt: Type.Integer() })),
      }),
      403: Problem,
    },
  },
})
