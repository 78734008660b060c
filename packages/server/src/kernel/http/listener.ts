import type { Config } from '../config/index.ts'
import type { HttpOptions } from './create-http.ts'
import type { TlsFiles } from './tls-files.ts'
import { readTrustedProxies } from './trusted-proxies.ts'

/** The certificate of a configuration; undefined where it listens without TLS. */
export function tlsFiles(config: Pick<Config, 'tlsCertificate' | 'tlsKey'>): TlsFiles | undefined {
  return config.tlsCertificate === '' ? undefined : { certificate: config.tlsCertificate, key: config.tlsKey }
}

/** What our own ports speak. */
export const schemeOf = (config: Pick<Config, 'tlsCertificate'>): 'http' | 'https' =>
  config.tlsCertificate === '' ? 'http' : 'https'

/** How the main port listens and whom it believes about its clients. */
export function listenerOptions(
  config: Pick<Config, 'tlsCertificate' | 'tlsKey' | 'trustedProxies' | 'trustedProxyHeaders'>,
): Pick<HttpOptions, 'tls' | 'proxies'> {
  const tls = tlsFiles(config)
  const trusts = readTrustedProxies(config.trustedProxies)
  return {
    ...(tls ? { tls } : {}),
    ...(trusts ? { proxies: { trusts, headers: config.trustedProxyHeaders } } : {}),
  }
}
