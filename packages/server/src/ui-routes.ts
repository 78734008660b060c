import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type { FastifyReply } from 'fastify'
import type { Http } from './kernel/http/index.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.map': 'application/json',
}
/** The UI loads nothing from elsewhere and may be framed by nobody. */
const pagePolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

/** The pages and files of the UI, which was built into `root`. */
export function uiRoutes(app: Http, root: string): void {
  const anyone = { access: 'public' as const }
  const assets = join(root, 'assets', sep)
  const file = async (path: string, reply: FastifyReply) => {
    const content = await readFile(path)
    return reply
      .header('content-type', types[extname(path)] ?? 'application/octet-stream')
      .header('cache-control', path.startsWith(assets) ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('content-security-policy', pagePolicy)
      .header('referrer-policy', 'no-referrer')
      .header('x-frame-options', 'DENY')
      .send(content)
  }
  const page = async (reply: FastifyReply) => {
    const index = join(root, 'index.html')
    if (existsSync(index)) return file(index, reply)
    return reply.status(503).type('text/plain').send('The UI is not built yet. Run: npm run build')
  }
  app.get('/', { config: anyone }, async (_request, reply: FastifyReply) => page(reply))
  app.get('/login', { config: anyone }, async (_request, reply: FastifyReply) => page(reply))
  for (const prefix of ['/p/*', '/dev/*', '/projects', '/settings/*'])
    app.get(prefix, { config: anyone }, async (_request, reply: FastifyReply) => page(reply))
  app.get('/assets/*', { config: anyone }, async (request, reply: FastifyReply) => {
    const name = (request.params as { '*': string })['*']
    const path = normalize(join(assets, name))
    if (
      !/^[\w./-]{1,200}$/.test(name) ||
      !path.startsWith(assets) ||
      !statSync(path, { throwIfNoEntry: false })?.isFile()
    )
      return reply.status(404).type('text/plain').send('There is no such file.')
    return file(path, reply)
  })
  for (const name of ['favicon.svg', 'favicon.ico', 'robots.txt', 'theme.js']) {
    app.get(`/${name}`, { config: anyone }, async (_request, reply: FastifyReply) => {
      const path = join(root, name)
      return existsSync(path) ? file(path, reply) : reply.status(404).type('text/plain').send('There is no such file.')
    })
  }
}
