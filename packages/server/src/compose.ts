import { type Access, createAccess } from './capabilities/access/index.ts'
import { createHttp, type Http } from './kernel/http/index.ts'
import type { Kernel } from './kernel/kernel.ts'
import { eventRoutes } from './kernel/events/event-routes.ts'

/** Every capability of the running program, by its noun. Lower floors first; a capability gets the ones below it as arguments. */
export interface Capabilities {
  readonly access: Access
}

/** Builds the capabilities and tells the kernel what they follow and work on; starts nothing. */
export function composeCapabilities(kernel: Kernel): Capabilities {
  const access = createAccess(kernel)
  return { access }
}

/** Builds the HTTP side: every capability's routes and the wire protocols. */
export function composeHttp(kernel: Kernel, capabilities: Capabilities, options: { allowedHosts: () => ReadonlySet<string> }): Http {
  const app = createHttp({ authenticator: capabilities.access, logger: kernel.logger, bodyLimit: kernel.config.bodyLimit, allowedHosts: options.allowedHosts })
  eventRoutes(app, kernel)
  return app
}
