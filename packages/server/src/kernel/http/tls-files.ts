import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import type { SecureVersion } from 'node:tls'
import { defineErrors } from '../errors/index.ts'
import type { Logger } from '../logging/index.ts'

export const tlsErrors = defineErrors('TLS', {
  UNREADABLE: { status: 500, message: (path: string, why: string) => `${path} cannot be used for TLS: ${why}` },
  NOT_A_PAIR: {
    status: 500,
    message: (certificate: string, key: string) =>
      `${key} is not the key of the first certificate in ${certificate}. Give the key that the certificate was made for.`,
  },
})

/** Where the certificate (with its chain) and its key lie, both PEM. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
}

/** A certificate with its key, checked to belong together. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
  readonly minVersion: SecureVersion
  readonly expiresAt: number
  /** Names that it is good for, as the certificate lists them. */
  readonly names: string
}

const lookEveryMs = 5000

/** Reads and checks both files. Throws TLS.UNREADABLE, TLS.NOT_A_PAIR. */
export function readTls(files: TlsFiles): TlsPair {
  const [cert, key] = [readText(files.certificate), readText(files.key)]
  const use = <T>(path: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw tlsErrors.UNREADABLE(path, (error as Error).message)
    }
  }
  const certificate = use(files.certificate, () => new X509Certificate(cert))
  const privateKey = use(files.key, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw tlsErrors.NOT_A_PAIR(files.certificate, files.key)
  const names = (certificate.subjectAltName ?? certificate.subject).replaceAll(/(DNS|IP Address):/g, '')
  return { cert, key, minVersion: 'TLSv1.2', expiresAt: Date.parse(certificate.validTo), names }
}

/**
 * Gives the server the files anew when they changed, looked at every few seconds and on SIGHUP: new connections get the new certificate, those that are open stay.
 * A pair that is broken is logged once, and the one before goes on.
 */
export function followTls(
  server: Pick<Server, 'setSecureContext'>,
  files: TlsFiles,
  { logger, everyMs = lookEveryMs }: { logger: Logger; everyMs?: number },
): { stop(): void } {
  let known = fingerprint(files)
  const look = (): void => {
    const now = fingerprint(files)
    if (now === known) return
    known = now
    try {
      const { expiresAt, names, ...pair } = readTls(files)
      server.setSecureContext(pair)
      logger.info({ names, expiresAt: new Date(expiresAt).toISOString() }, 'a new TLS certificate is in use')
    } catch (error) {
      logger.error({ err: error }, 'the new TLS certificate is not usable; the one before stays in use')
    }
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  process.on('SIGHUP', look)
  return {
    stop: () => {
      clearInterval(timer)
      process.off('SIGHUP', look)
    },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw tlsErrors.UNREADABLE(path, (error as Error).message)
  }
}

/** Of what the files hold; a file that is missing for a moment is a change too. */
function fingerprint(files: TlsFiles): string {
  return [files.certificate, files.key]
    .map((path) => {
      try {
        return createHash('sha256').update(readFileSync(path)).digest('hex')
      } catch (error) {
        return (error as Error).message
      }
    })
    .join(' ')
}
