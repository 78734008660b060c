import { flushCompileCache } from 'node:module'

/** For the environment of a child process of our own: where Node keeps compiled code, when this process keeps it. A start that compiles nothing takes half the time. */
export function keptCode(): { NODE_COMPILE_CACHE?: string } {
  const directory = process.env['NODE_COMPILE_CACHE']
  return directory ? { NODE_COMPILE_CACHE: directory } : {}
}

/** Node keeps what it compiled when a process exits; one that is ended by a signal says so itself, once it has loaded what it needs. */
export const keepCode = (): void => flushCompileCache()
