import type { Command } from 'commander'
import { print } from '../command.ts'
import type { GlobalOptions } from '../connection.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium up`: the server, in the foreground. It is loaded here and nowhere else, so that other commands start at once. */
export function upCommand(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description(
      'Serves in the foreground until Ctrl-C or SIGTERM. Prints one line when it answers; with --json {"event":"ready","url","loginUrl","inferenceUrl"}.',
    )
    .option('--config <file>', 'configuration file, YAML or JSON (TRIVIUM_CONFIG)')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port of the UI and the API; 0 takes a free one', wholeNumber)
    .option('--inference-port <number>', 'port of the gateway; 0 takes a free one', wholeNumber)
    .option(
      '--role <name>',
      'what this server does: api, engine or gateway; may be given more than once, without it all',
      (name: string, before?: string) => (before === undefined ? name : `${before},${name}`),
    )
    .option('--peer-host <address>', 'how the other servers of the database reach this one')
    .option('--allow-remote', 'allows a host other than loopback')
    .option('--public-url <url>', 'URL under which people and steps reach this server')
    .option('--tls-certificate <file>', 'certificate with its chain (PEM); both ports then speak HTTPS only')
    .option('--tls-key <file>', 'private key of the certificate (PEM)')
    .option('--trusted-proxies <list>', 'addresses and networks of reverse proxies whose forwarded headers count')
    .option('--trusted-proxy-headers <kind>', 'x-forwarded or forwarded: what these proxies set')
    .option('--database-url <url>', 'postgres://… for teams; without it SQLite in the data directory')
    .option('--log-level <level>', 'least severe level that is logged')
    .option('--python <path>', 'Python interpreter for steps without a lock file')
    .option('--tables-memory <size>', 'memory limit of the tables process')
    .option('--tables-threads <number>', 'threads of the tables process', wholeNumber)
    .option('--step-slots <number>', 'pipeline steps that may run at once', wholeNumber)
    .option('--code-execution <how>', 'code of pipelines: contained, off, or uncontained for one person alone')
    .option('--code-reads <list>', 'more paths that contained steps may read, comma-separated')
    .option('--step-memory <size>', 'memory of a step, where its resources say nothing else')
    .option('--step-disk <size>', 'disk of a step, where its resources say nothing else')
    .option('--step-cpus <number>', 'processors of a step, where its resources say nothing else', wholeNumber)
    .option('--step-processes <number>', 'processes of a step, where its resources say nothing else', wholeNumber)
    .option('--step-hours <number>', 'hours after which a step without a time limit is ended', wholeNumber)
    .option('--lease-ms <number>', 'milliseconds after which a silent worker loses its job', wholeNumber)
    .option('--egress-allow <list>', 'internal hosts that webhooks may post to, comma-separated')
    .option('--vault-command <program>', 'wraps the keys of secrets in a key management service')
    .option('--body-limit <bytes>', 'largest JSON body', wholeNumber)
    .option('--passwords', 'lets people set a password and sign in with it')
    .option('--oidc-issuer <url>', 'OpenID Connect provider that people sign in with')
    .option('--oidc-client-id <name>', 'name of this server at the provider')
    .option('--oidc-role-map <list>', 'roles that groups bring: GROUP=ROLE@PROJECT, GROUP=instance-admin')
    .option('--oidc-scopes <list>', 'scopes that are asked for, separated by spaces')
    .option('--oidc-groups-claim <name>', "claim that lists a person's groups")
    .option('--session-hours <number>', 'hours after which a browser session ends at the latest', wholeNumber)
    .option('--session-idle-hours <number>', 'hours without use after which it ends', wholeNumber)
    .option('--checkpoint-directory <directory>', 'second place for the signed checkpoints of the events')
    .option(
      '--event-retention-months <number>',
      'months of events in the database; older ones go to Parquet',
      wholeNumber,
    )
    .option('--access-log-days <number>', 'days after which entries of the access log are removed', wholeNumber)
    .option('--trash-days <number>', 'days after which deleted runs are removed for good; 0 keeps them', wholeNumber)
    .option(
      '--metric-hot-days <number>',
      'days after which metric points of ended runs go to Parquet; 0 keeps them',
      wholeNumber,
    )
    .option('--storage-url <url>', 's3://BUCKET/PREFIX for content; without it the data directory')
    .option('--storage-endpoint <url>', 'https://… of an S3 server other than that of Amazon')
    .option('--storage-region <name>', 'region that requests to the S3 server are signed for')
    .option('--storage-links', 'sends clients that ask for it to the S3 server by signed links')
    .option('--storage-copies <mib>', 'MiB on this machine for copies of content from the S3 server', wholeNumber)
    .option('--storage-grace <hours>', 'hours before content that nothing refers to is removed', wholeNumber)
    .option('--storage-collect <hours>', 'hours between collections of unused content; 0 for none', wholeNumber)
    .option('--storage-scrub <days>', 'days in which all content is read and checked once; 0 for never', wholeNumber)
    .option('--quotas <list>', 'limits of projects and principals: NAME=NUMBER, comma-separated; 0 is none')
    .option('--otlp-endpoint <url>', 'OTLP/HTTP receiver that traces are sent to')
    .option('--requests-per-minute <number>', 'inference requests of one token to one deployment', wholeNumber)
    .action(async (_options: unknown, command: Command) => {
      const {
        json,
        project: _project,
        config: file,
        ...flags
      } = command.optsWithGlobals<GlobalOptions & { config?: string } & Record<string, unknown>>()
      const { loadConfig, startServer } = await import('@trivium/server')
      const config = loadConfig({ flags, environment: { ...terminal.env }, ...(file === undefined ? {} : { file }) })
      const server = await startServer(config)
      try {
        const ready = {
          event: 'ready',
          url: server.url,
          loginUrl: await server.loginUrl(),
          inferenceUrl: server.inferenceUrl,
        }
        print(terminal, { json }, ready, ({ url, loginUrl, inferenceUrl }) =>
          loginUrl === ''
            ? `Trivium serves as ${config.role} at ${url}; predictions at ${inferenceUrl}.`
            : `Trivium answers at ${url}. Log in within five minutes: ${loginUrl}`,
        )
        await stopped(terminal.signal)
      } finally {
        await server.stop()
      }
    })
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
