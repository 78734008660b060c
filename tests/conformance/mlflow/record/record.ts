// Started by `npm run record:mlflow`: plays every script on a real MLflow server of its own and writes what it answered to recordings/.
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startMlflow } from '../../../../bench/tracking/contestants.ts'
import { play, type Send } from './play.ts'
import { scripts } from './scripts/index.ts'
import type { Script } from './step.ts'

const folder = join(import.meta.dirname, 'recordings')
await mkdir(folder, { recursive: true })
const wanted = process.argv.slice(2)
if (wanted.length === 0 || wanted.includes('routes')) {
  const { mlflow } = JSON.parse(process.env['BENCH_PEERS'] ?? '{}') as { mlflow?: string }
  const options = { stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'], encoding: 'utf8' as const }
  const routes = JSON.parse(execFileSync(mlflow ?? '', [join(import.meta.dirname, 'routes.py')], options)) as string[]
  const lines = routes.map((route) => `  ${JSON.stringify(route)}`).join(',\n')
  await writeFile(join(folder, 'routes.json'), `[\n${lines}\n]\n`)
  console.log(`routes: ${routes.length}`)
}
for (const script of scripts) {
  if (wanted.length > 0 && !wanted.includes(script.name)) continue
  const server = await startMlflow({ fill: false })
  if (!server) throw new Error('MLflow could not be installed here, so there is nothing to record.')
  try {
    const version = await (await fetch(`${server.url}/version`)).text()
    const exchanges = await play(script, sendTo(server.url))
    checkWords(script, exchanges)
    const lines = exchanges.map((one) => JSON.stringify(one)).join(',\n')
    await writeFile(join(folder, `${script.name}.json`), `{"mlflow":"${version}","exchanges":[\n${lines}\n]}\n`)
    console.log(`${script.name}: ${exchanges.length} exchanges with MLflow ${version}`)
  } finally {
    await server.stop()
  }
}

function sendTo(url: string): Send {
  return async ({ method, path, headers, body }) => {
    const answer = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    return { status: answer.status, body: await answer.text() }
  }
}

/** The words that a script expects of every server are those of the real one. */
function checkWords({ steps }: Script, exchanges: Awaited<ReturnType<typeof play>>): void {
  for (const [i, { name, says }] of steps.entries()) {
    const { message } = (exchanges[i]?.answer ?? {}) as { message?: string }
    if (says !== undefined && !message?.includes(says))
      console.error(`MLflow does not say "${says}" at "${name}", but: ${message}`)
  }
}
