import type { IncomingHttpHeaders } from 'node:http'
import type { AppError } from '../kernel/errors/index.ts'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import type { Deployments, LiveDeployment } from './deployments.ts'
import type { RequestRows } from './fill-rows.ts'
import type { Answered } from './predict.ts'

/** A request whose body is read and unpacked. */
export interface WireRequest {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Wall clock, milliseconds UTC. */
  readonly now: number
}

export interface WireAnswer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** A route that predicts: decode, then what all protocols share, then encode. `name` undefined is the one deployment of the project. */
export interface PredictRoute {
  readonly kind: 'predict'
  readonly name: string | undefined
  /** The model version that the path names; it must be the one that serves. */
  readonly version?: string
  /** Reads the rows; `encode` gets what the request asked of the answer's form. */
  decode(
    request: WireRequest,
    deployment: LiveDeployment,
  ): { rows: RequestRows; encode(answered: Answered): WireAnswer }
}

/** A route that tells something: health, metadata. */
export interface ReadRoute {
  readonly kind: 'read'
  answer(deployments: Deployments, caller: GatewayToken): WireAnswer
}

/** One wire format of the gateway: which paths are its own, and how it says that something is wrong. */
export interface WireProtocol {
  match(method: string, path: string): PredictRoute | ReadRoute | undefined
  /** Whether an error on this path is told in this protocol's form. */
  owns(path: string): boolean
  error(error: AppError, request: { id: string }): WireAnswer
}
