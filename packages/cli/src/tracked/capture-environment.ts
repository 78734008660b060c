import { join } from 'node:path'
import { outputOf } from './run-program.ts'

const script = `
import importlib.metadata as m, json, platform, sys
found = {}
for d in m.distributions():
    name = d.metadata["Name"] if d.metadata else None
    if name and name not in found:
        place = d.read_text("direct_url.json")
        found[name] = " @ " + json.loads(place)["url"] if place else "==" + d.version
print("# python " + platform.python_version() + " on " + platform.system().lower() + " " + platform.machine())
for name in sorted(found, key=str.lower):
    print(name + found[name])
`

/** The packages of the Python that a command runs, one a line as pip writes them; undefined where the command runs none. */
export async function captureEnvironment(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  command: readonly string[],
): Promise<string | undefined> {
  const at = command.findIndex((word) => /(^|[\\/])python[\d.]*(\.exe)?$/.test(word))
  const own = env['VIRTUAL_ENV']
  const [program, ...before] =
    at >= 0 ? command.slice(0, at + 1) : own === undefined ? [] : [join(own, 'bin', 'python')]
  if (program === undefined) return undefined
  const found = await outputOf(program, [...before, '-c', script], { cwd, env })
  return found?.replaceAll(/( @ [a-z+]+:\/\/)[^@/\s]*@/gi, '$1')
}
