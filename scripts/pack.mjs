// Packs the program into one tarball that npm installs: compiled JavaScript, the built UI, the Python side and exact, hash-checked dependencies. The
// same commit gives the same bytes.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { buildWeb } from './build-web.mjs'
import { productionPackages } from './production-packages.mjs'
import { ensureNode, projectNode, root, runScript } from './setup.mjs'
import { npmCommand } from './setup-node.mjs'
import { run, SetupError, tail, timed } from './setup-support.mjs'

/**
 * Without its install script, which would fetch libraries for GPUs from elsewhere and stop the installation where it cannot, and without the systems that
 * the launcher does not run on.
 */
const stripped = {
  name: 'onnxruntime-node',
  drop: /^(script|lib|bin\/[^/]+\/win32)(\/|$)/,
  unused: ['adm-zip', 'global-agent'],
}
const program = ['contract', 'sdk', 'server', 'cli']

/** Packs into a folder and returns the tarball with its digest and sizes. */
export async function pack(destination) {
  await ensureNode()
  const web = await buildWeb()
  // Outside of the clone, where npm would find the packages of the clone as well.
  const stage = mkdtempSync(join(tmpdir(), 'trivium-pack-'))
  try {
    timed('compiling the program', () => compile(stage))
    cpSync(web, join(stage, 'packages/web/dist'), {
      recursive: true,
      filter: (path) => !path.endsWith('.built-from') && !path.endsWith('.map'),
    })
    copyPython(stage)
    for (const name of ['LICENSE', 'README.md']) cpSync(join(root, name), join(stage, name))
    const launcher = join(stage, 'packages/cli/bin/trivium')
    mkdirSync(dirname(launcher), { recursive: true })
    cpSync(join(root, 'packages/cli/bin/trivium'), launcher)
    chmodSync(launcher, 0o755)
    writeManifests(stage)
    mkdirSync(destination, { recursive: true })
    return timed('packing', () => packStage(stage, destination))
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function compile(stage) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const compiled = run(projectNode, [tsc, '-p', 'tsconfig.publish.json', '--outDir', join(stage, 'packages')], {
    cwd: root,
  })
  if (!compiled.ok) throw new SetupError(`The program could not be compiled:\n${tail(compiled.output)}`)
  for (const file of filesOf(join(stage, 'packages'))) {
    const text = readFileSync(file, 'utf8')
    // Inside of one package there are no packages: what was imported by its name is imported by its place.
    const placed = text.replace(
      /(\bfrom |\bimport\(|\bimport )'@trivium\/(\w+)((?:\/[\w-]+)*)'/g,
      (_all, words, name, part) => {
        const target = relative(dirname(file), join(stage, 'packages', name, `src${part}/index.js`))
        return `${words}'${target.startsWith('.') ? target : `./${target}`}'`
      },
    )
    if (/from '@trivium|import\('@trivium/.test(placed)) throw new SetupError(`${file} imports what is not packed.`)
    if (placed !== text) writeFileSync(file, placed)
  }
}

/** The runner of steps, and the locks of what it needs. */
function copyPython(stage) {
  cpSync(join(root, 'python'), join(stage, 'python'), {
    recursive: true,
    filter: (path) => !/__pycache__|\.pyc$|\.in$|requirements-(s3|deploy)|[._]test\.py$|\/test_[^/]*\.py$/.test(path),
  })
}

/**
 * The packages that the program imports travel with it, as `npm ci` has checked them against the lock file: npm heeds the lock of a tarball only when that comes from a registry.
 * Those for one system each are fetched by npm, in the version that is written here.
 */
function writeManifests(stage) {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
  const { version, license, engines } = read('package.json')
  const { direct, locked } = productionPackages({ without: { [stripped.name]: stripped.unused } })
  const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const forOneSystem = ([, entry]) => entry.optional === true && (entry.os ?? entry.cpu) !== undefined
  const fetched = Object.entries(locked).filter(forOneSystem)
  const carried = Object.entries(locked).filter((one) => !forOneSystem(one))
  const scripted = carried
    .map(([path]) => nameOf(path))
    .filter((name) => name !== stripped.name && hasInstallScript(name))
  if (scripted.length > 0) throw new SetupError(`${scripted.join(', ')} would run a script when it is installed.`)
  for (const [path] of carried) copyPackage(stage, path, nameOf(path))
  const manifest = {
    name: 'trivium',
    version,
    description: 'The whole life of a machine-learning model in one self-hosted system.',
    license,
    type: 'module',
    engines,
    bin: { trivium: 'packages/cli/bin/trivium' },
    dependencies: direct,
    optionalDependencies: Object.fromEntries(fetched.map(([path, entry]) => [nameOf(path), entry.version])),
    bundleDependencies: Object.keys(direct),
  }
  const { description: _words, ...self } = manifest
  write(join(stage, 'package.json'), manifest)
  write(join(stage, 'npm-shrinkwrap.json'), {
    name: manifest.name,
    version,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': self,
      ...Object.fromEntries(
        carried.map(([path, { hasInstallScript: _mark, ...entry }]) => [path, { ...entry, inBundle: true }]),
      ),
      ...Object.fromEntries(fetched),
    },
  })
  for (const name of program)
    write(join(stage, 'packages', name, 'package.json'), {
      name: `@trivium/${name}`,
      version,
      type: 'module',
      private: true,
    })

  function hasInstallScript(name) {
    const { scripts = {} } = read(`node_modules/${name}/package.json`)
    return ['preinstall', 'install', 'postinstall'].some((one) => one in scripts)
  }
}

function copyPackage(stage, path, name) {
  const from = realpathSync(join(root, path))
  const to = join(stage, path)
  cpSync(from, to, {
    recursive: true,
    filter: (file) => {
      const inside = relative(from, file)
      if (inside === '') return true
      if (inside.startsWith('node_modules') || /\.(map|d\.[mc]?ts)$/.test(inside)) return false
      return name !== stripped.name || !stripped.drop.test(inside)
    },
  })
  if (name !== stripped.name) return
  const {
    scripts: _scripts,
    devDependencies: _tools,
    dependencies,
    ...manifest
  } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  for (const unused of stripped.unused) delete dependencies[unused]
  write(join(to, 'package.json'), { ...manifest, dependencies })
}

function packStage(stage, destination) {
  const npm = npmCommand()
  const packed = run(
    npm.command,
    [...npm.args, 'pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    {
      cwd: stage,
    },
  )
  if (!packed.ok) throw new SetupError(`"npm pack" failed. Its last words:\n${tail(packed.output)}`)
  const [{ filename, unpackedSize, entryCount }] = JSON.parse(packed.stdout)
  const file = join(destination, filename)
  return {
    file,
    digest: createHash('sha256').update(readFileSync(file)).digest('hex'),
    bytes: statSync(file).size,
    unpackedSize,
    entryCount,
  }
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const write = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`)

if (process.argv[1] && import.meta.filename === resolve(process.argv[1])) {
  await runScript(async () => {
    const made = await pack(resolve(process.argv[2] ?? join(root, 'dist')))
    console.log(JSON.stringify(made))
    return 0
  })
}
