import { type Static, Type } from 'typebox'
import { Millis, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** How steps and connections name a secret. */
export const SecretName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$',
  description: 'Letters, digits, underscore and hyphen; begins with a letter or digit.',
})

/** Four characters at least: what is shorter could not be told from other text where it is to be hidden. */
const SecretValue = Type.String({
  minLength: 4,
  maxLength: 65_536,
  description: 'It is written only: no answer holds it.',
})
const overlapSeconds = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 90 * 86_400,
    description: 'For so long the value before stays, for steps that ask for NAME@previous. 0: it is gone at once.',
  }),
)
const description = Type.Optional(Type.String({ maxLength: 500, description: 'What it opens; never the value.' }))

/** When a value was set and by whom; the value itself is never shown. */
export const SecretVersion = Type.Object({
  version: Type.Integer(),
  state: Type.Union([Type.Literal('current'), Type.Literal('previous'), Type.Literal('gone')]),
  setAt: Millis,
  setByName: Type.String(),
  validUntil: Nullable(Type.Integer({ description: 'Previous: until when steps may ask for it.' })),
})
export type SecretVersion = Static<typeof SecretVersion>

/** When the value was last handed to a step. */
export const SecretUse = Type.Object({
  at: Millis,
  version: Type.Integer(),
  pipeline: Type.String(),
  run: Type.String(),
  step: Type.String(),
  byName: Type.String(),
})
export type SecretUse = Static<typeof SecretUse>

/** A secret as a project sees it: its own, or one of the instance that an administrator shares with it. */
export const Secret = Type.Object({
  name: Type.String(),
  from: Type.Union([Type.Literal('project'), Type.Literal('instance')]),
  description: Type.String(),
  version: Type.Integer({ description: 'Of the value: it grows with each one that is set.' }),
  setAt: Millis,
  setByName: Type.String(),
  previousUntil: Nullable(Type.Integer({ description: 'Until when NAME@previous is the value before.' })),
  lastUse: Nullable(SecretUse),
  usedBy: Type.Array(Type.Object({ pipeline: Type.String(), steps: Type.Array(Type.String()) }), {
    description: 'Pipelines whose newest version names it.',
  }),
})
export type Secret = Static<typeof Secret>

/** A secret of the instance, with the projects that may use it. */
export const InstanceSecret = Type.Object({
  name: Type.String(),
  description: Type.String(),
  version: Type.Integer(),
  setAt: Millis,
  setByName: Type.String(),
  previousUntil: Nullable(Type.Integer()),
  lastUsedAt: Nullable(Type.Integer()),
  projects: Type.Array(Type.String()),
})
export type InstanceSecret = Static<typeof InstanceSecret>

const url = '/api/v1/projects/:project/secrets'
const SecretParams = Type.Object({ ...ProjectParams.properties, secret: SecretName })
const InstanceParams = Type.Object({ secret: SecretName })
const errors = { 403: Problem, 404: Problem }

export const listSecrets = route({
  method: 'GET',
  url,
  permission: 'secret:read',
  schema: {
    operationId: 'listSecrets',
    summary:
      'Lists the secrets that steps of a project can name, with who set them, when each was last used, and where. Never values.',
    params: ProjectParams,
    response: { 200: Type.Object({ secrets: Type.Array(Secret) }), ...errors },
  },
})

export const getSecret = route({
  method: 'GET',
  url: `${url}/:secret`,
  permission: 'secret:read',
  schema: {
    operationId: 'getSecret',
    summary: 'Reads what is known about one secret, with the history of its versions. Never values.',
    params: SecretParams,
    response: {
      200: Type.Object({ secret: Secret, versions: Type.Array(SecretVersion) }),
      ...errors,
    },
  },
})

export const setSecret = route({
  method: 'PUT',
  url: `${url}/:secret`,
  permission: 'secret:write',
  schema: {
    operationId: 'setSecret',
    summary: 'Sets the value of a secret of the project, the first one or a new version.',
    params: SecretParams,
    body: Type.Object({ value: SecretValue, description, overlapSeconds }, { additionalProperties: false }),
    response: { 200: Secret, 422: Problem, ...errors },
  },
})

export const removeSecret = route({
  method: 'DELETE',
  url: `${url}/:secret`,
  permission: 'secret:write',
  schema: {
    operationId: 'removeSecret',
    summary:
      'Removes a secret of the project with all its versions. One that pipelines name is refused, unless forced.',
    params: SecretParams,
    query: Type.Object({ force: Type.Optional(Type.Boolean()) }),
    response: { 204: Type.Null(), 409: Problem, ...errors },
  },
})

export const listInstanceSecrets = route({
  method: 'GET',
  url: '/api/v1/secrets',
  permission: 'instance:admin',
  schema: {
    operationId: 'listInstanceSecrets',
    summary: 'Lists the secrets of the instance, with the projects that they are shared with.',
    response: { 200: Type.Object({ secrets: Type.Array(InstanceSecret) }), 403: Problem },
  },
})

export const setInstanceSecret = route({
  method: 'PUT',
  url: '/api/v1/secrets/:secret',
  permission: 'instance:admin',
  schema: {
    operationId: 'setInstanceSecret',
    summary: 'Sets the value of a secret of the instance, and which projects may use it.',
    params: InstanceParams,
    body: Type.Object(
      {
        value: SecretValue,
        description,
        overlapSeconds,
        projects: Type.Optional(Type.Array(ProjectName, { maxItems: 10_000 })),
      },
      { additionalProperties: false },
    ),
    response: { 200: InstanceSecret, 403: Problem, 404: Problem, 422: Problem },
  },
})

export const shareInstanceSecret = route({
  method: 'PUT',
  url: '/api/v1/secrets/:secret/projects',
  permission: 'instance:admin',
  schema: {
    operationId: 'shareInstanceSecret',
    summary: 'Says which projects may use a secret of the instance; others no longer may.',
    params: InstanceParams,
    body: Type.Object({ projects: Type.Array(ProjectName, { maxItems: 10_000 }) }, { additionalProperties: false }),
    response: { 200: InstanceSecret, ...errors },
  },
})

export const removeInstanceSecret = route({
  method: 'DELETE',
  url: '/api/v1/secrets/:secret',
  permission: 'instance:admin',
  schema: {
    operationId: 'removeInstanceSecret',
    summary: 'Removes a secret of the instance. One that pipelines of a project name is refused, unless forced.',
    params: InstanceParams,
    query: Type.Object({ force: Type.Optional(Type.Boolean()) }),
    response: { 204: Type.Null(), 409: Problem, ...errors },
  },
})

/** One key of the vault: it wraps the keys that secrets are encrypted with. */
export const VaultKeyInfo = Type.Object({
  id: Type.String(),
  source: Type.Union([Type.Literal('file'), Type.Literal('setting'), Type.Literal('command')], {
    description: 'file: in the data directory; setting: vaultKey; command: a key management service.',
  }),
  current: Type.Boolean({ description: 'It wraps what is set from now on.' }),
  rows: Type.Integer({ description: 'Stored secrets that it has wrapped.' }),
})
export type VaultKeyInfo = Static<typeof VaultKeyInfo>

const Vault = Type.Object({
  keys: Type.Array(VaultKeyInfo),
  unnamed: Type.Integer({ description: 'Stored secrets of earlier programs, which did not say which key they used.' }),
  lost: Type.Integer({ description: 'Stored secrets whose key is not there: they cannot be read.' }),
})

export const getVault = route({
  method: 'GET',
  url: '/api/v1/vault',
  permission: 'instance:admin',
  schema: {
    operationId: 'getVault',
    summary: 'Lists the keys of the vault by id, and how many stored secrets each has wrapped.',
    response: { 200: Vault, 403: Problem },
  },
})

export const addVaultKey = route({
  method: 'POST',
  url: '/api/v1/vault/keys',
  permission: 'instance:admin',
  schema: {
    operationId: 'addVaultKey',
    summary:
      'Makes a new key of the vault in the data directory. It wraps from now on; the older ones still open what they have wrapped.',
    response: { 201: Vault, 403: Problem, 409: Problem },
  },
})

export const rewrapVault = route({
  method: 'POST',
  url: '/api/v1/vault/rewrap',
  permission: 'instance:admin',
  schema: {
    operationId: 'rewrapVault',
    summary:
      'Wraps stored secrets of older keys with the newest, for some seconds; called until none is left. Everything works on meanwhile.',
    response: {
      200: Type.Object({
        rewrapped: Type.Integer(),
        left: Type.Integer(),
        failed: Type.Array(Type.Object({ row: Type.String(), why: Type.String() })),
      }),
      403: Problem,
    },
  },
})

export const forgetVaultKey = route({
  method: 'DELETE',
  url: '/api/v1/vault/keys/:key',
  permission: 'instance:admin',
  schema: {
    operationId: 'forgetVaultKey',
    summary:
      'Removes an older key from the data directory; refused while it is needed. Backups that were made before still need it.',
    params: Type.Object({ key: Type.String({ pattern: '^[a-z0-9]{1,40}$' }) }),
    response: { 200: Vault, 409: Problem, ...errors },
  },
})
