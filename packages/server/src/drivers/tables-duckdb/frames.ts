/**
 * Messages over a pipe: four bytes of length (little endian), then JSON. JSON has no NaN, infinities or bigint, so values of these kinds are listed beside
 * the message as [path…, text] and put back by the reader; nothing inside the message can be mistaken for one.
 */
type Special = [...path: (string | number)[], text: string]

const maxFrameBytes = 1 << 30

/** The bytes of one message. */
export function encodeFrame(message: unknown): Buffer {
  const specials: Special[] = []
  collectSpecials(message, [], specials)
  const json =
    specials.length === 0
      ? JSON.stringify({ message })
      : JSON.stringify({ message, specials }, (_, value) => (typeof value === 'bigint' ? null : value))
  const length = Buffer.byteLength(json)
  const frame = Buffer.allocUnsafe(length + 4)
  frame.writeUInt32LE(length, 0)
  frame.write(json, 4)
  return frame
}

function collectSpecials(value: unknown, path: (string | number)[], specials: Special[]): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) specials.push([...path, String(value)])
  } else if (typeof value === 'bigint') {
    specials.push([...path, `${value}n`])
  } else if (Array.isArray(value)) {
    path.push(0)
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index]
      if (typeof item === 'string' || item === null) continue
      path[path.length - 1] = index
      collectSpecials(item, path, specials)
    }
    path.pop()
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      path.push(key)
      collectSpecials((value as Record<string, unknown>)[key], path, specials)
      path.pop()
    }
  }
}

function restoreSpecials(root: { message: unknown }, specials: Special[]): void {
  for (const special of specials) {
    const text = special.at(-1) as string
    const path = ['message', ...special.slice(0, -1)]
    let holder = root as unknown as Record<string | number, unknown>
    for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>
    holder[path.at(-1) as string] = text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text)
  }
}

/** Cuts a stream of chunks into messages; `onMessage` is called for each whole one. */
export function createFrameReader(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let size = 0
  let wanted = 4
  let inHeader = true
  return (chunk) => {
    chunks.push(chunk)
    size += chunk.length
    while (size >= wanted) {
      const buffer = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)
      const part = buffer.subarray(0, wanted)
      const rest = buffer.subarray(wanted)
      chunks = rest.length > 0 ? [rest] : []
      size = rest.length
      if (inHeader) {
        wanted = part.readUInt32LE(0)
        if (wanted > maxFrameBytes) throw new Error(`A message of ${wanted} bytes is longer than the pipe allows.`)
        inHeader = false
      } else {
        const root = JSON.parse(part.toString('utf8')) as { message: unknown; specials?: Special[] }
        if (root.specials) restoreSpecials(root, root.specials)
        wanted = 4
        inHeader = true
        onMessage(root.message)
      }
    }
  }
}
