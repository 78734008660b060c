/** The one client for everything outbound: public addresses over TLS, and what an administrator allowed. */
export { isInternalAddress, isNarrow, readAllowed } from './address-rules.ts'
export { type Allowances, createAllowances } from './allowances.ts'
export { type ConnectionUse, type ConnectionUses, createConnectionUses } from './connection-uses.ts'
export {
  createEgress,
  type Egress,
  type EgressAnswer,
  egressErrors,
  type EgressFlow,
  type EgressRequest,
} from './egress.ts'
export { noteBlobUse } from './note-blob-use.ts'
