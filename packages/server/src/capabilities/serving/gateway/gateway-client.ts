import { AppError } from '../../../kernel/errors/index.ts'
import type { GatewayControl } from '../../../kernel/ports/index.ts'
import { servingErrors } from '../errors.ts'

/** The gateway of another server. */
export type PeerControl = GatewayControl & { readonly remote: { readonly secure: boolean } }

const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Sends one command to the control endpoint of a gateway; one on another machine has it below its inference port, for what changes nothing. Expected failures come back as the gateway told them. */
export async function callGateway<T>(
  control: GatewayControl | PeerControl,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  timeoutMs = 10_000,
): Promise<T> {
  let response: Response
  try {
    const at =
      'remote' in control
        ? `http${control.remote.secure ? 's' : ''}://${hostOf(control.host)}:${control.port}/.control`
        : `http://127.0.0.1:${control.controlPort}`
    response = await fetch(`${at}${path}`, {
      method,
      headers: { 'x-gateway-secret': control.secret },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code
    throw servingErrors.GATEWAY_DOWN(cause ?? (error as Error).message)
  }
  const answer: unknown = await response.json()
  if (response.ok) return answer as T
  const { code, status, detail } = answer as { code: string; status: number; detail: string }
  throw new AppError(code, status, detail)
}
