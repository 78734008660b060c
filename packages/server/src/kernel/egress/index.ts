/** The one client for everything outbound: public addresses over TLS, and what an administrator allowed. */
export { createEgress, type Egress, type EgressAnswer, egressErrors, type EgressRequest } from './egress.ts'
