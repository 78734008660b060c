import { runProgram } from './run-program.ts'

const names: Readonly<Record<string, string>> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
}

/** pip's index settings as uv's environment variables: uv reads no pip.conf. What is set already stays. Asks the first interpreter that has pip. */
export async function pipIndexEnvironment(
  interpreters: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  for (const interpreter of interpreters) {
    const listed = await runProgram(interpreter, ['-m', 'pip', 'config', 'list'], { env })
    if (!listed.ok) continue
    const settings = new Map<string, string>()
    for (const line of listed.stdout.split('\n')) {
      const match = /^([^=]+?)=(['"])(.*)\2$/.exec(line.trim())
      if (match?.[1] !== undefined) settings.set(match[1], (match[3] ?? '').replaceAll('\\n', ' ').trim())
    }
    const found: Record<string, string> = {}
    for (const [key, name] of Object.entries(names)) {
      const value = settings.get(`:env:.${key}`) ?? settings.get(`install.${key}`) ?? settings.get(`global.${key}`)
      if (value && env[name] === undefined) found[name] = value
    }
    return found
  }
  return {}
}
