import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../../../kernel/config/index.ts'

/** One cookie of ours: scripts cannot read it, and pages of others cannot make a browser post with it. */
export interface Cookie {
  /** `__Host-` where people come over TLS: browsers then take it from this very host over TLS only, so that no neighbour can plant one. */
  readonly name: string
  /** The header that stores it. */
  set(value: string, seconds: number): string
  /** The header that removes it. */
  clear(): string
  read(headers: IncomingHttpHeaders): string | undefined
}

/** Whether people reach this server over TLS. */
export function isReachedOverTls(config: Pick<Config, 'publicUrl' | 'tlsCertificate'>): boolean {
  return config.publicUrl.startsWith('https:') || config.tlsCertificate !== ''
}

export function createCookie(plainName: string, { secure }: { secure: boolean }): Cookie {
  const name = secure ? `__Host-${plainName}` : plainName
  // Lax, not Strict: who comes back from an identity provider, or follows a link from a mail, is signed in. What changes something needs our own origin.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    name,
    set: (value, seconds) => `${name}=${value}; ${attributes}; Max-Age=${seconds}`,
    clear: () => `${name}=; ${attributes}; Max-Age=0`,
    read: (headers) =>
      headers.cookie
        ?.split(/;\s*/)
        .find((part) => part.startsWith(`${name}=`))
        ?.slice(name.length + 1),
  }
}
