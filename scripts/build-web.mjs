// Builds the web UI into packages/web/dist, unless that was built from the sources as they are now.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureNode, projectEnvironment, projectNode, root, runScript } from './setup.mjs'
import { digest, run, SetupError, tail, timed } from './setup-support.mjs'

const inputs = ['packages/web', 'packages/contract', 'packages/sdk', 'package-lock.json', 'tsconfig.base.json']
const skipped = new Set(['node_modules', 'dist', '.cache'])

/** Makes sure that packages/web/dist belongs to the present sources; returns its path. */
export async function buildWeb() {
  await ensureNode()
  const dist = join(root, 'packages', 'web', 'dist')
  const stamp = join(dist, '.built-from')
  const sources = digestOfSources()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return dist
  timed('building the web UI', () => {
    // Built beside and then moved, so that a server that is running never serves half a build.
    const fresh = join(root, '.cache', `web-build-${process.pid}`)
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
    const built = run(projectNode, [vite, 'build', '--outDir', fresh, '--emptyOutDir'], {
      cwd: join(root, 'packages', 'web'),
      env: projectEnvironment({ NODE_ENV: 'production' }),
    })
    if (!built.ok) {
      rmSync(fresh, { recursive: true, force: true })
      throw new SetupError(`The web UI could not be built. The last words of vite:\n${tail(built.output, 30)}`)
    }
    writeFileSync(join(fresh, '.built-from'), sources)
    rmSync(dist, { recursive: true, force: true })
    renameSync(fresh, dist)
  })
  return dist
}

function digestOfSources() {
  const files = inputs.flatMap((input) => filesBelow(join(root, input))).sort()
  return digest(...files.flatMap((file) => [file.slice(root.length), readFileSync(file)]))
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path]
  const entries = readdirSync(path).filter((entry) => !skipped.has(entry))
  return entries.flatMap((entry) => filesBelow(join(path, entry)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runScript(async () => {
    await buildWeb()
    return 0
  })
}
