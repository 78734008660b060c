/** A text that gives a secret away. */
export interface Needle {
  readonly text: string
  readonly name: string
}

/** Shorter texts would be found everywhere. */
const shortest = 4
const shortestEncoded = 6

/** The forms in which the value of a secret shows up: as it is, line by line, and as programs encode it. */
export function needlesOf({ name, value }: { name: string; value: string }): Needle[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim())
  const plain = [value, value.trim(), ...lines].filter((text) => text.length >= shortest)
  const encoded = [...new Set(plain)].flatMap(formsOf).filter((text) => text.length >= shortest)
  return [...new Set([...plain, ...encoded])].map((text) => ({ text, name }))
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  const json = JSON.stringify(text).slice(1, -1)
  const url = encodeURIComponent(text)
  // What encodeURIComponent leaves and others do not, and the other way round.
  const strict = url.replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const path = url.replaceAll('%2F', '/')
  const urls = [url, strict, path, strict.replaceAll('%2F', '/')].flatMap((one) => [one, one.replaceAll('%20', '+')])
  return [
    json,
    json.replace(/[^\0-~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    // As Python and shells quote it.
    text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n'),
    text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n'),
    ...urls,
    ...urls.map((one) => one.replace(/%[0-9A-F]{2}/g, (c) => c.toLowerCase())),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64Forms(bytes),
  ]
}

/** In base64 the value looks different after 0, 1 or 2 other bytes (`user:password`): of each the part that depends on the value alone. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const inner = whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
    const forms = offset === 0 ? [whole, whole.replace(/=+$/, ''), inner] : [inner]
    return [...forms, ...forms.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))].filter(
      (one) => one.length >= shortestEncoded,
    )
  })
}
