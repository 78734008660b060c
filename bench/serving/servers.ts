import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { freePort, interpreterOf, type Running, startServer } from '../support/peers.ts'

const here = import.meta.dirname

/** The floor: the same model in a Node server that does nothing else. */
export async function startBare(model: string): Promise<Running> {
  const port = await freePort()
  const args = [join(here, 'bare-server.ts'), String(port), model]
  return startServer({ command: process.execPath, args, port, path: '/' })
}

/** Undefined where it could not be installed. */
export async function startFastApi(model: string): Promise<Running | undefined> {
  const command = interpreterOf('fastapi')
  if (!command) return undefined
  const port = await freePort()
  const args = [join(here, 'fastapi_server.py'), String(port), model]
  return startServer({ command, args, port, path: '/v2/health/ready' })
}

/** One process, batches of up to 32 that wait up to 5 ms; undefined where it could not be installed. */
export async function startMlServer(model: string): Promise<Running | undefined> {
  const python = interpreterOf('mlserver')
  if (!python) return undefined
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const folder = join(dirname(model), 'mlserver')
  await mkdir(folder, { recursive: true })
  const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value))
  await write('settings.json', {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: grpc,
    metrics_port: metrics,
    parallel_workers: 0,
    debug: false,
  })
  await write('model-settings.json', {
    name: 'forest',
    implementation: 'mlserver_forest.Forest',
    max_batch_size: 32,
    max_batch_time: 0.005,
    parameters: { uri: model },
  })
  return startServer({
    command: join(dirname(python), 'mlserver'),
    args: ['start', folder],
    port,
    path: '/v2/models/forest/ready',
    env: { PYTHONPATH: here },
  })
}
