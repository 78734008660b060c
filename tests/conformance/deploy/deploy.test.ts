import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const python = join(root, '.venv/bin/python')
const runProgram = promisify(execFile)
let schemas: string
let folder: string

/** How a check ended, and what it said. */
const check = async (program: string, args: readonly string[]): Promise<{ code: number | string; said: string }> => {
  try {
    const { stdout, stderr } = await runProgram(program, args, { env: { ...process.env, PYTHONPATH: schemas } })
    return { code: 0, said: `${stdout}${stderr}` }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string }
    return { code, said: `${stdout}${stderr}` }
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-deploy-'))
  const { stdout } = await runProgram(process.execPath, [join(root, 'scripts/setup-deploy.mjs')])
  schemas = stdout.trim()
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const validate = (files: readonly string[]) =>
  check(python, [join(schemas, 'bin/kubernetes-validate'), '--strict', '-k', '1.34', ...files])

test('the Kubernetes manifests fit the schemas of their kinds, and one with an unknown field would not', async () => {
  const base = join(root, 'deploy/kubernetes')
  const files = (await readdir(base)).filter((name) => name !== 'kustomization.yaml').map((name) => join(base, name))
  const { code, said } = await validate(files)
  expect(said).not.toContain('ERROR')
  expect(code).toBe(0)
  const wrong = join(folder, 'wrong.yaml')
  const text = await readFile(join(base, 'api.yaml'), 'utf8')
  await writeFile(wrong, text.replace('serviceName:', 'serviceNome:'))
  expect((await validate([wrong])).code).not.toBe(0)
}, 120_000)

test('the bill of materials fits the schema of CycloneDX 1.6', async () => {
  const file = join(folder, 'trivium.cdx.json')
  await runProgram(process.execPath, [join(root, 'scripts/sbom.mjs'), file])
  const program = `import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(wrong) if wrong else 0)`
  expect(await check(python, ['-c', program, file])).toEqual({ code: 0, said: '' })
  const bill = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...bill, components: [{ name: 'without a type' }] }))
  expect((await check(python, ['-c', program, file])).code).toBe(1)
}, 120_000)

test('systemd takes the unit without a warning', async (context) => {
  if ((await check('systemd-analyze', ['--version'])).code !== 0) context.skip('systemd-analyze is not here')
  const unit = join(folder, 'trivium.service')
  const text = await readFile(join(root, 'deploy/systemd/trivium.service'), 'utf8')
  // The program is not installed here; everything else is as it is.
  await writeFile(unit, text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/sh up'))
  expect(await check('systemd-analyze', ['verify', '--man=no', unit])).toEqual({ code: 0, said: '' })
  await writeFile(unit, text.replace('ProtectSystem=strict', 'ProtectSystem=somehow'))
  expect((await check('systemd-analyze', ['verify', '--man=no', unit])).said).toContain('somehow')
})

test('set-up runs the install scripts that package.json names, and no others', async () => {
  const app = join(folder, 'app')
  await mkdir(app)
  const write = (path: string, value: unknown) => writeFile(join(folder, path), JSON.stringify(value))
  for (const name of ['stranger', 'friend']) {
    await mkdir(join(folder, name))
    await write(`${name}/package.json`, {
      name,
      version: '1.0.0',
      scripts: { postinstall: `touch ${folder}/ran-${name}` },
    })
    await runProgram('npm', ['pack', '--pack-destination', folder], { cwd: join(folder, name) })
  }
  await write('app/package.json', {
    private: true,
    allowScripts: { friend: true },
    dependencies: { stranger: 'file:../stranger-1.0.0.tgz', friend: 'file:../friend-1.0.0.tgz' },
  })
  await runProgram('npm', ['install', '--package-lock-only', '--offline', '--no-audit'], { cwd: app })
  // Plain JavaScript, as it runs before anything is installed.
  const { installNodePackages } = await import(join(root, 'scripts/setup-node.mjs'))
  installNodePackages(app, process.execPath)
  expect((await readdir(join(app, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    'friend',
    'stranger',
  ])
  expect((await readdir(folder)).filter((name) => name.startsWith('ran-'))).toEqual(['ran-friend'])
}, 120_000)
