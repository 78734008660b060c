import { Type } from 'typebox'
import { eventSchema, integer, text } from './event-schema.ts'

/** Secrets: who set, shared, used and removed them; never a value. And internal addresses that the server may call, and places where projects keep content. */
export const secretEvents = [
  eventSchema('secret.set', 'secret', 'The value of a secret was set.', {
    version: integer('Number of the value.'),
    overlapSeconds: integer('For so long the value before stays.'),
  }),
  eventSchema('secret.used', 'secret', 'A step of a pipeline was given a secret.', {
    version: integer('Number of the value.'),
    pipeline: text(),
    step: text(),
  }),
  eventSchema('secret.shared', 'secret', 'A secret of the instance was shared with a project, or no longer is.', {
    shared: Type.Boolean(),
  }),
  eventSchema('secret.removed', 'secret', 'A secret was removed with all its values.', {}),
  eventSchema('vault-key.added', 'vault-key', 'The vault got a new key, which wraps from now on.', {}),
  eventSchema('vault-key.removed', 'vault-key', 'An older key of the vault was removed.', {}),
  eventSchema('egress.allowed', 'connection', 'A connection may call an internal address.', {
    address: text('Host, host:port, address or network.'),
    reason: text(),
  }),
  eventSchema('egress.withdrawn', 'connection', 'A connection may no longer call an internal address.', {
    address: text('Host, host:port, address or network.'),
    reason: text(),
  }),
  eventSchema('content-place.chosen', 'content-place', 'A project keeps what is new in another place.', {
    kind: text('s3, oci, http or postgres.'),
    address: text('Without credentials.'),
  }),
  eventSchema('content-place.left', 'content-place', "What is new is in the instance's own object store again.", {
    kind: text('s3, oci, http or postgres.'),
    address: text('Without credentials.'),
  }),
] as const
