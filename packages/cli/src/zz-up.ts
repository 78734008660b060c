import { parseArgs } from 'node:util'
import { loadConfig, startServer } from '@trivium/server'
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { json: { type: 'boolean' }, data: { type: 'string' }, port: { type: 'string' } },
})
const server = await startServer(loadConfig({ flags: { data: values.data, port: values.port }, environment: {} }))
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)))
process.stdout.write(
  `${JSON.stringify({ event: 'ready', url: server.url, loginUrl: await server.loginUrl(), inferenceUrl: server.inferenceUrl })}\n`,
)
