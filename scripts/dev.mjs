// `npm run dev`: the server, restarted when its sources change, and the UI with hot reload in front of it.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ensureNode, ensurePython, projectEnvironment, projectNode, root, runScript } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  const data = process.env.TRIVIUM_DATA ?? join(root, '.cache', 'dev-data')
  mkdirSync(data, { recursive: true })
  const port = process.env.TRIVIUM_PORT ?? (await freePort())
  const webPort = process.env.TRIVIUM_WEB_PORT ?? (await freePort())
  const server = ['--watch', '--watch-preserve-output', '--conditions=trivium-source', 'packages/cli/src/main.ts', 'up']
  const children = [
    spawn(projectNode, [...server, '--data', data, '--port', String(port)], {
      cwd: root,
      env: projectEnvironment(),
      stdio: 'inherit',
    }),
    spawn(projectNode, [join(root, 'node_modules', 'vite', 'bin', 'vite.js')], {
      cwd: join(root, 'packages', 'web'),
      env: projectEnvironment({
        TRIVIUM_URL: `http://127.0.0.1:${port}`,
        TRIVIUM_WEB_PORT: String(webPort),
      }),
      stdio: 'inherit',
    }),
  ]
  console.log(`dev: UI with hot reload on http://127.0.0.1:${webPort}, server on port ${port}, data in ${data}`)
  const stop = (signal) => children.forEach((child) => child.kill(signal))
  process.on('SIGINT', () => process.stdin.isTTY || stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  const codes = await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve) => {
          child.once('exit', (code) => {
            stop('SIGTERM')
            resolve(code ?? 0)
          })
        }),
    ),
  )
  return Math.max(...codes)
})

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
