import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TlsFiles } from '../../../kernel/http/index.ts'
import { keptCode } from '../../../kernel/config/kept-code.ts'
import type { Logger } from '../../../kernel/logging/index.ts'
import type { GatewayControl, GatewayStatus } from '../../../kernel/ports/index.ts'
import { type GatewayTraces, writeTraceSettings } from '../../../kernel/telemetry/index.ts'
import { servingErrors } from '../errors.ts'
import { callGateway } from './gateway-client.ts'

const fromSource = import.meta.url.endsWith('.ts')
const programFile = fileURLToPath(
  new URL(fromSource ? '../../../gateway-main.ts' : '../../../gateway-main.js', import.meta.url),
)
const startMs = 20_000
const stopMs = 15_000
const watchMs = 100
const longestBackoffMs = 10_000

export interface GatewaySettings {
  /** `data`: the gateway finds everything below it. */
  readonly data: string
  readonly host: string
  readonly port: number
  readonly program: string
  readonly logLevel: string
  /** The certificate that it listens with. */
  readonly tls: TlsFiles | undefined
  /** Where it sends its spans; nowhere unless given. */
  readonly traces?: GatewayTraces
}

/** The one gateway process of this data directory: found, started, watched, restarted, stopped. */
export interface GatewayProcess {
  /** The gateway that answers now, undefined while there is none. */
  control(): GatewayControl | undefined
  /** Takes over the gateway that an earlier main left running, if it is of this program. */
  adopt(): Promise<boolean>
  /** Makes sure that a gateway runs, and from then on that it is started again when it dies. */
  ensure(): Promise<GatewayControl>
  /** Called with each gateway that came up after the one before it died. */
  onRestarted(listener: () => Promise<void>): void
  /** Drains and ends it. */
  stop(): Promise<void>
  /** Stops watching; the gateway runs on. */
  leave(): void
}

export function createGatewayProcess(settings: GatewaySettings, logger: Logger): GatewayProcess {
  const directory = join(settings.data, 'gateway')
  const controlFile = join(directory, 'control.json')
  let current: GatewayControl | undefined
  let starting: Promise<GatewayControl> | undefined
  let watch: NodeJS.Timeout | undefined
  let restarted = async (): Promise<void> => {}
  let lastPort = 0
  let leaving = false

  const readControl = (): GatewayControl | undefined => {
    try {
      return JSON.parse(readFileSync(controlFile, 'utf8')) as GatewayControl
    } catch {
      return undefined
    }
  }

  async function adopt(): Promise<boolean> {
    const found = readControl()
    if (!found) return false
    lastPort = found.port
    if (!isAlive(found.pid)) return false
    try {
      const status = await callGateway<GatewayStatus>(found, 'GET', '/status', undefined, 3000)
      if (
        status.program === settings.program &&
        found.host === settings.host &&
        (settings.port === 0 || settings.port === found.port) &&
        found.tls?.certificate === settings.tls?.certificate &&
        found.tls?.key === settings.tls?.key
      ) {
        current = found
        return true
      }
      logger.info({ pid: found.pid, program: status.program }, 'replacing the gateway of another version or address')
      await end(found)
    } catch (error) {
      logger.warn({ err: error, pid: found.pid }, 'the gateway of the control file does not answer')
    }
    return false
  }

  async function start(): Promise<GatewayControl> {
    if (await adopt()) return current as GatewayControl
    writeTraceSettings(directory, settings.traces)
    const log = openSync(join(directory, 'gateway.log'), 'a', 0o600)
    const port = settings.port === 0 ? lastPort : settings.port
    const flags = fromSource ? ['--conditions=trivium-source'] : []
    const child = spawn(
      process.execPath,
      [
        ...flags,
        programFile,
        '--data',
        settings.data,
        '--host',
        settings.host,
        '--port',
        String(port),
        ...(settings.port === 0 ? ['--wish'] : []),
        ...(settings.tls ? ['--tls-certificate', settings.tls.certificate, '--tls-key', settings.tls.key] : []),
        '--program',
        settings.program,
        '--log-level',
        settings.logLevel,
      ],
      { detached: true, stdio: ['ignore', 'ignore', log], cwd: directory, env: { TZ: 'UTC', ...keptCode() } },
    )
    closeSync(log)
    child.unref()
    let ended: string | undefined
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code, signal) => {
      ended = signal ?? `exit code ${code}`
      if (current?.pid === child.pid) current = undefined
    })
    const until = Date.now() + startMs
    for (;;) {
      const found = readControl()
      if (found && found.pid === child.pid) {
        current = found
        return found
      }
      if (ended !== undefined)
        throw servingErrors.GATEWAY_DOWN(`it ended at its start (${ended}). ${lastWords(directory)}`)
      if (Date.now() > until) {
        child.kill('SIGKILL')
        throw servingErrors.GATEWAY_DOWN(`it did not start within ${startMs / 1000} s. ${lastWords(directory)}`)
      }
      await sleep(20)
    }
  }

  function ensure(): Promise<GatewayControl> {
    keepAlive()
    if (current && isAlive(current.pid)) return Promise.resolve(current)
    current = undefined
    starting ??= start().finally(() => {
      starting = undefined
    })
    return starting
  }

  function keepAlive(): void {
    if (watch || leaving) return
    let backoff = 0
    let notBefore = 0
    watch = setInterval(() => {
      if (starting || Date.now() < notBefore || (current && isAlive(current.pid))) return
      logger.warn({ pid: current?.pid }, 'the gateway is gone; starting it again')
      backoff = Math.min(longestBackoffMs, backoff * 2 + 250)
      notBefore = Date.now() + backoff
      void ensure()
        .then(async () => {
          await restarted()
          backoff = 0
        })
        .catch((error) => logger.error({ err: error }, 'the gateway could not be started'))
    }, watchMs)
    watch.unref()
  }

  async function end(control: GatewayControl): Promise<void> {
    await callGateway(control, 'POST', '/stop', {}, 3000).catch(() => {})
    const until = Date.now() + stopMs
    while (isAlive(control.pid)) {
      if (Date.now() > until) kill(control.pid)
      await sleep(20)
    }
  }

  return {
    control: () => (current && isAlive(current.pid) ? current : undefined),
    adopt,
    ensure,
    onRestarted: (listener) => {
      restarted = listener
    },
    stop: async () => {
      leaving = true
      clearInterval(watch)
      await starting?.catch(() => {})
      if (current && isAlive(current.pid)) await end(current)
      current = undefined
    },
    leave: () => {
      leaving = true
      clearInterval(watch)
    },
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The end of the gateway's log, for an error message. */
function lastWords(directory: string): string {
  const lines = readFileSync(join(directory, 'gateway.log'), 'utf8').trim().split('\n')
  return lines.slice(-3).join(' ').slice(-600)
}
