const whole = /^\$\{params\.([A-Za-z_][A-Za-z0-9_-]*)\}$/
const inside = /\$\{([^}]*)\}/g

/** Every `${…}` in a configuration: what stands between the braces. */
export function placeholdersIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(inside)].map((match) => (match[1] ?? '').trim())
  if (Array.isArray(value)) return value.flatMap(placeholdersIn)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(placeholdersIn)
  return []
}

/** Puts parameters in for `${params.NAME}`: a text that is nothing else becomes the value itself, inside a longer text it becomes text. */
export function interpolate<T>(value: T, parameters: Readonly<Record<string, unknown>>): T {
  return replaceIn(value, parameters) as T
}

function replaceIn(value: unknown, parameters: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') {
    const name = whole.exec(value)?.[1]
    if (name !== undefined) return parameters[name]
    return value.replaceAll(inside, (text, path: string) => {
      const key = path.trim()
      return key.startsWith('params.') ? asText(parameters[key.slice('params.'.length)]) : text
    })
  }
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, parameters))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceIn(item, parameters)]))
  return value
}

/** Puts texts in for `${KEY}` in the arguments of a command. */
export function fillArguments(argv: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return argv.map((argument) => argument.replaceAll(inside, (text, path: string) => values[path.trim()] ?? text))
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
