import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createGatewayLookup } from './capabilities/features/gateway-lookup.ts'
import { openOnlineReader } from './drivers/online-sqlite/online-sqlite.ts'
import { createOnnxRuntime } from './drivers/onnx/onnx-runtime.ts'
import { plainProtocol } from './gateway/plain-protocol.ts'
import { runGateway } from './gateway/run-gateway.ts'
import { readTraceSettings } from './kernel/telemetry/trace-settings.ts'
import { lockDataDirectory } from './kernel/db/lock-data-directory.ts'
import { createEgress } from './kernel/egress/index.ts'
import { createLogger } from './kernel/logging/index.ts'
import { openTracing } from './kernel/telemetry/open-tracing.ts'
import { createInferenceV2 } from './protocols/inference-v2/index.ts'
import { invocations } from './protocols/invocations/index.ts'

/**
 * The gateway's own process: composition root of inference. Main starts it detached with the first deployment and finds it again by the control file, so
 * that it serves on when main ends, however main ends. It never opens the control database.
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    wish: { type: 'boolean', default: false },
    program: { type: 'string', default: '' },
    'tls-certificate': { type: 'string' },
    'tls-key': { type: 'string' },
    'log-level': { type: 'string', default: 'warn' },
  },
})
const data = values.data
if (data === undefined) throw new Error('The gateway is started by the server; it needs --data.')

process.title = 'trivium-gateway'
// A limit on file sizes is an error of the write, as a full disk is, and not the end of the process.
process.on('SIGXFSZ', () => {})
const logger = createLogger({ level: values['log-level'] })
const directory = join(data, 'gateway')
const lock = lockDataDirectory(directory)
const traces = readTraceSettings(directory)
const online = openOnlineReader({ directory: join(data, 'online') })
const people = createGatewayLookup(online)
try {
  await runGateway(
    {
      runtime: createOnnxRuntime(),
      lookup: people.lookup,
      setRoots: people.setRoots,
      protocols: [createInferenceV2({ version: values.program }), invocations, plainProtocol],
      logger,
      clock: Date.now,
      tracing: openTracing({
        egress: createEgress({ allow: traces.egressAllow }),
        logger,
        settings: traces,
        process: 'gateway',
      }),
    },
    {
      directory,
      ledgers: join(data, 'ledgers'),
      host: values.host,
      port: Number(values.port),
      portIsWish: values.wish,
      program: values.program,
      tls:
        values['tls-certificate'] === undefined
          ? undefined
          : { certificate: values['tls-certificate'], key: values['tls-key'] ?? '' },
    },
  )
} finally {
  online.close()
  lock.release()
}
// ONNX Runtime keeps threads that would hold the process.
process.exit(0)
