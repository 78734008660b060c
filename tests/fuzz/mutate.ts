import { oddNumber, oddText, oddValue } from './odd-values.ts'
import type { Random } from './random.ts'

/** One place inside a value, and how to put something else there. */
interface Place {
  readonly value: unknown
  put(value: unknown): void
  remove(): void
}

/** The value with one to three of its places made wrong. Changes what it is given. */
export function mutate(random: Random, value: unknown): unknown {
  const root = { value }
  for (let n = 1 + random.below(3); n > 0; n -= 1) {
    const place = random.pick(placesOf(root, 'value', 0))
    const what = random.below(7)
    if (what === 0) place.remove()
    else if (what === 1) place.put(null)
    else if (what === 2) place.put(oddNumber(random))
    else if (what === 3) place.put(oddText(random))
    else if (what === 4) place.put(random.chance(0.5) ? [place.value] : { value: place.value })
    else if (what === 5) addTo(random, place)
    else place.put(oddValue(random))
  }
  return root.value
}

function addTo(random: Random, place: Place): void {
  const { value } = place
  if (Array.isArray(value) && value.length > 0) {
    // More than once it would be too large to be written down, and the one who is blocked by that is the server under test.
    const times = Math.min(
      random.pick([2, 3, 1200]),
      Math.ceil(1_000_000 / (1 + (JSON.stringify(value[0]) ?? '').length)),
    )
    place.put(Array.from({ length: times }, () => value[0] as unknown))
  } else if (value !== null && typeof value === 'object')
    Object.defineProperty(value, random.pick(['unknown', '__proto__', 'constructor', '', 'a.b', oddText(random)]), {
      value: oddValue(random, 2),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else place.put(oddText(random))
}

function placesOf(parent: object, key: string, depth: number): Place[] {
  const holder = parent as Record<string, unknown>
  const value = holder[key]
  const here: Place = {
    value,
    put: (other) => {
      holder[key] = other
    },
    remove: () => {
      delete holder[key]
    },
  }
  if (depth > 8 || value === null || typeof value !== 'object') return [here]
  return [
    here,
    ...Object.keys(value)
      .slice(0, 50)
      .flatMap((inner) => placesOf(value, inner, depth + 1)),
  ]
}

/** JSON text that is not quite JSON, or says the same thing twice. */
export function brokenJson(random: Random, text: string): string | Uint8Array {
  switch (random.below(11)) {
    case 0:
      return text.slice(0, random.below(text.length + 1))
    case 1:
      return `\ufeff${text}`
    case 2:
      return text.replace('{', '{"name":"a","name":"b","__proto__":{"admin":true},')
    case 3:
      return text.replace(
        /:\s*("[^"]*"|\d+)/,
        `:${random.pick(['1e999', '-1e999', '01', 'NaN', '"\\ud800"', '"\\u0000"', "'x'"])}`,
      )
    case 4:
      return `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    case 5:
      return `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`
    case 6:
      return new Uint8Array([...Buffer.from(text), 0xff, 0xfe, 0xc3])
    case 7:
      return JSON.stringify(text)
    case 8:
      return `${text}${text}`
    case 9:
      return random.pick(['', ' ', 'null', '0', '""', '[]', 'true', '\u0000', '{'])
    default:
      return Buffer.from(text, 'utf16le')
  }
}
