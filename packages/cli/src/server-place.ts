import type { Command } from 'commander'
import type { Action } from './command.ts'
import { dataDirectory } from './connection.ts'

/** Options of commands that work on the data directory themselves. */
export const withPlace = (command: Command): Command =>
  command
    .option('--config <file>', 'configuration file, YAML or JSON (TRIVIUM_CONFIG)')
    .option('--database-url <url>', 'postgres://…; without it SQLite in the data directory')

/** The server's configuration as such a command was given it; `more` overrides it. */
export async function configOf({ terminal, options }: Action, more: { storageUrl?: string } = {}) {
  const { loadConfig } = await import('@trivium/server')
  const { config: file, databaseUrl } = options as { config?: string; databaseUrl?: string }
  const flags = {
    data: dataDirectory(terminal, options),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...more,
  }
  return loadConfig({ flags, environment: { ...terminal.env }, ...(file === undefined ? {} : { file }) })
}

/** Tells people at a terminal what is being done. */
export const progress =
  ({ terminal }: Action) =>
  (what: string): void => {
    if (terminal.interactive) terminal.err(`${what} …\n`)
  }
