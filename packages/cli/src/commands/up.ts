import type { Command } from 'commander'

interface UpFlags {
  data?: string
  port?: string
  host?: string
  allowRemote?: boolean
  config?: string
  json?: boolean
}

/** `trivium up`: serves in the foreground; one line when it answers; SIGTERM and Ctrl-C drain and end with 0. */
export function addUp(program: Command): void {
  program
    .command('up')
    .description('Start the server in the foreground.')
    .option('--data <dir>', 'data directory')
    .option('--port <n>', 'port of the UI and the API; 0 takes a free one')
    .option('--host <address>', 'address to listen on')
    .option('--allow-remote', 'allow a host other than loopback')
    .option('--config <file>', 'configuration file, YAML or JSON')
    .option('--json', 'print one JSON line when it answers')
    .action(async (flags: UpFlags) => {
      const { loadConfig, startServer } = await import('@trivium/server')
      const { json, config: file, ...settings } = flags
      const config = loadConfig({ flags: settings, environment: process.env, ...(file === undefined ? {} : { file }) })
      let server: Awaited<ReturnType<typeof startServer>> | undefined
      let stopping = false
      const stop = (): void => {
        if (stopping) return
        stopping = true
        const end = async (): Promise<void> => {
          await server?.stop()
          process.exit(0)
        }
        void end()
      }
      process.on('SIGTERM', stop)
      process.on('SIGINT', stop)
      server = await startServer(config)
      const loginUrl = await server.loginUrl()
      if (json) {
        process.stdout.write(
          `${JSON.stringify({ event: 'ready', url: server.url, loginUrl, inferenceUrl: server.inferenceUrl })}\n`,
        )
      } else process.stdout.write(`Trivium answers at ${server.url}. Sign in once with ${loginUrl}\n`)
    })
}
