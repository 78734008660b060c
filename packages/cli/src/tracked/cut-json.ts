/** What becomes of one value: it stays, another stands in its place, or it goes with its key. */
export type JsonCut = 'keep' | 'remove' | { readonly become: string }

/**
 * Changes single values of a text that is valid JSON and leaves every other byte as it is: the order of keys, the indentation, how numbers and characters are written. An object whose last
 * entry goes becomes `{}`.
 */
export function cutJson(text: string, cutOf: (path: readonly (string | number)[]) => JsonCut): string {
  let at = 0
  const path: (string | number)[] = []

  const space = (): void => {
    while (' \t\n\r'.includes(text[at] ?? '.')) at += 1
  }
  const string = (): string => {
    const from = at
    at += 1
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    at += 1
    return text.slice(from, at)
  }
  /** Reads the value that begins here and returns what stands in its place. */
  const value = (): string => {
    if (text[at] === '"') return string()
    if (text[at] === '{') return object()
    if (text[at] === '[') return list()
    const from = at
    while (at < text.length && !' \t\n\r,]}'.includes(text[at] as string)) at += 1
    return text.slice(from, at)
  }
  const list = (): string => {
    const parts = [text[at++] as string]
    for (let index = 0; ; index += 1) {
      const from = at
      space()
      parts.push(text.slice(from, at))
      if (text[at] === ']') break
      path.push(index)
      parts.push(value())
      path.pop()
      const after = at
      space()
      if (text[at] === ',') at += 1
      parts.push(text.slice(after, at))
    }
    at += 1
    parts.push(']')
    return parts.join('')
  }
  const object = (): string => {
    at += 1
    const kept: string[] = []
    let removed = 0
    let end = ''
    for (let more = true; more; ) {
      const from = at
      space()
      if (text[at] === '}') {
        end = text.slice(from, at)
        break
      }
      path.push(JSON.parse(string()) as string)
      space()
      at += 1
      space()
      const head = text.slice(from, at)
      const cut = cutOf(path)
      const body = value()
      path.pop()
      const after = at
      space()
      const gap = text.slice(after, at)
      more = text[at] === ','
      if (more) at += 1
      else end = gap
      if (cut === 'remove') removed += 1
      else kept.push(head + (cut === 'keep' ? body : cut.become) + (more ? gap : ''))
    }
    at += 1
    return kept.length === 0 && removed > 0 ? '{}' : `{${kept.join(',')}${end}}`
  }

  space()
  const start = text.slice(0, at)
  const body = value()
  return start + body + text.slice(at)
}
