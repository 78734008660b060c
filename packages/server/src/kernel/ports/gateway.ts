import type { ReleaseManifest, TrafficMinute } from '@trivium/contract'
import type { OnlineView } from './online-store.ts'

/** A token that the gateway may meet: its SHA-256, never itself. */
export interface GatewayToken {
  readonly hash: string
  readonly principal: string
  /** The project that requests with this token act in. */
  readonly project: string
  readonly expiresAt: number | null
  /** Whether it holds prediction:write there. */
  readonly mayPredict: boolean
}

/** One release as the gateway loads it. */
export interface GatewayRelease {
  readonly id: string
  readonly manifest: ReleaseManifest
  /** Local path of the model file. */
  readonly modelPath: string
  /** The feature views of the manifest, in its order. */
  readonly views: readonly OnlineView[]
}

export interface GatewayDeployment {
  readonly project: string
  readonly name: string
  readonly release: GatewayRelease
  /** What one token may ask of it in a minute; a main of before says nothing. */
  readonly requestsPerMinute?: number
}

/** All that the gateway knows of the control database, written by main as `gateway/snapshot.json` whenever it changes. */
export interface GatewaySnapshot {
  readonly version: number
  readonly writtenAt: number
  readonly tokens: readonly GatewayToken[]
  readonly deployments: readonly GatewayDeployment[]
}

/** `gateway/control.json`, mode 600: how main finds, checks and commands the gateway that runs, also one that an earlier main started. */
export interface GatewayControl {
  readonly pid: number
  /** Where inference clients connect. */
  readonly host: string
  readonly port: number
  /** The files of its certificate, when the port above speaks HTTPS; main then passes requests on to a loopback port of their own. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  readonly plainPort?: number
  /** Loopback port of the control endpoint, and the secret that it wants. */
  readonly controlPort: number
  readonly secret: string
  /** Version of the program; another main replaces a gateway of another version. */
  readonly program: string
  readonly startedAt: number
}

/** Counts of one deployment since the gateway started. */
export interface GatewayTraffic {
  readonly since: number
  readonly requests: number
  readonly predictions: number
  readonly refused: number
  readonly failed: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly perSecond: number
  readonly minutes: readonly TrafficMinute[]
}

/** Who was answered by a release since the gateway started. */
export interface GatewayCaller {
  readonly project: string
  readonly deployment: string
  readonly release: string
  readonly principal: string
  readonly requests: number
  readonly predictions: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Everybody whom one gateway answered; `gateway` names this start of it, so that the same counts are never added twice. */
export interface GatewayCallers {
  readonly gateway: string
  readonly callers: readonly GatewayCaller[]
}

/** What the gateway says about one deployment. */
export interface GatewayDeploymentStatus {
  readonly project: string
  readonly name: string
  /** The release that answers; null while none could be loaded. */
  readonly release: string | null
  readonly problem: string | null
}

export interface GatewayStatus {
  readonly pid: number
  readonly program: string
  readonly snapshotVersion: number
  readonly deployments: readonly GatewayDeploymentStatus[]
}

/** Body of `POST /prepare`: loads and warms a release before a deployment points to it. */
export interface PrepareRequest {
  readonly project: string
  readonly release: GatewayRelease
}

/** Body of `POST /try`: a prediction without record and without count. */
export interface TryRequest {
  readonly project: string
  readonly deployment: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly eventTime?: number | string
}
