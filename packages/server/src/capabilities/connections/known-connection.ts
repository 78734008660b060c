import type { Connection, EgressConnection } from '@trivium/contract'

/** A connection as who has it describes it; how it went is added from what was seen. */
export interface KnownConnection
  extends Pick<Connection, 'name' | 'purpose' | 'address' | 'through' | 'tls' | 'settings'> {
  readonly credentials?: string | null
  readonly uses?: string | null
  /** Of those through the way out: whose allowances count, and what is called. */
  readonly egress?: { readonly connection: EgressConnection; readonly url: string }
  /** Tries it and says in words what answered; throws where it does not work. */
  readonly test?: () => Promise<string>
  /** Why there is no test. */
  readonly untested?: string
}

/** Names the connections of one part of the program. */
export type ConnectionSource = () => Promise<KnownConnection[]>
