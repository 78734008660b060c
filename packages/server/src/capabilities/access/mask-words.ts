import { type Mask, redacted } from './personal-columns.ts'

/** `email=anna@example.org`, `name: "Anna Smith"`, `input.age == 41`: a name, what stands between, and a value, which may be several capitalised words. */
const named =
  /([A-Za-z_][\w.-]*)(\s*(?:={1,3}|:)\s*)("[^"]*"|'[^']*'|“[^”]*”|‘[^’]*’|[^\s,;()[\]]+(?: +\p{Lu}[^\s,;()[\]]*)*)/gu
/** What is shorter could not be told from other text. */
const shortest = 3

/** A text in which the values of hidden columns are `redacted`: where one is named beside its value, and wherever one of `values` stands. */
export function maskWords(mask: Mask, text: string, values: ReadonlySet<string> = new Set()): string {
  if (!mask.any) return text
  const shown = text.replace(named, (all, name: string, between: string) =>
    mask.hides(name) ? `${name}${between}${redacted}` : all,
  )
  // Longest first, so that a name within a longer one leaves nothing of it.
  return [...values]
    .filter((value) => value.length >= shortest)
    .toSorted((a, b) => b.length - a.length)
    .reduce((so, value) => so.replaceAll(value, redacted), shown)
}

/** JSON in which the values of hidden columns are `redacted`: as members by their name, as `{column, value}`, and in texts. */
export function maskEvidence<Json>(
  mask: Mask,
  json: Json,
  values: ReadonlySet<string> = hiddenValues(mask, json),
): Json {
  if (!mask.any) return json
  return walk(mask, json, values) as Json
}

function walk(mask: Mask, json: unknown, values: ReadonlySet<string>): unknown {
  if (typeof json === 'string') return maskWords(mask, json, values)
  if (Array.isArray(json)) return json.map((one) => walk(mask, one, values))
  if (typeof json !== 'object' || json === null) return json
  const { column } = json as { column?: unknown }
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      mask.hides(name) || (name === 'value' && typeof column === 'string' && mask.hides(column))
        ? redacted
        : walk(mask, value, values),
    ]),
  )
}

/** The values of hidden columns that stand in a record, so that they can be found in what was written about it. */
export function hiddenValues(mask: Mask, json: unknown, found: Set<string> = new Set()): ReadonlySet<string> {
  if (!mask.any || typeof json !== 'object' || json === null) return found
  const { column } = json as { column?: unknown }
  for (const [name, value] of Object.entries(json)) {
    const hides = mask.hides(name) || (name === 'value' && typeof column === 'string' && mask.hides(column))
    if (hides && (typeof value === 'string' || typeof value === 'number')) found.add(String(value))
    else if (hides) for (const one of [value].flat()) if (typeof one === 'string') found.add(one)
    if (typeof value === 'object') hiddenValues(mask, value, found)
  }
  return found
}
