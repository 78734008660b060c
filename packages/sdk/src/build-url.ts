/** Fills `:name` parts of a route's path and appends the query; lists repeat their key, undefined is left out. */
export function buildUrl(
  path: string,
  params: Readonly<Record<string, unknown>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const filled = path.replace(/:([A-Za-z][A-Za-z0-9]*)|\*/g, (part, name: string | undefined) => {
    const value = params[name ?? '*']
    if (value === undefined || value === null || value === '') throw new Error(`The path ${path} needs "${part}".`)
    return part === '*' ? String(value).split('/').map(encodeURIComponent).join('/') : encodeURIComponent(String(value))
  })
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one))
  }
  const text = search.toString()
  return text === '' ? filled : `${filled}?${text}`
}
