/** How long the argument of an opcode is: so many bytes, `line` to the next line feed (`lines` for two), or a length in so many bytes before it. */
type Argument = number | 'line' | 'quoted' | 'lines' | { readonly lengthBytes: 1 | 4 | 8 }

const one: Argument = { lengthBytes: 1 }
const four: Argument = { lengthBytes: 4 }
const eight: Argument = { lengthBytes: 8 }
const text = (opcodes: string, argument: Argument): [number, Argument][] =>
  Array.from(opcodes, (letter) => [letter.charCodeAt(0), argument])

const opcodes: ReadonlyMap<number, Argument> = new Map<number, Argument>([
  ...text('(.012NQRabdelostu)]}', 0),
  ...text('Kqh', 1),
  ...text('M', 2),
  ...text('Jrj', 4),
  ...text('G', 8),
  ...text('ILFVpgP', 'line'),
  ...text('S', 'quoted'),
  ...text('ci', 'lines'),
  ...text('UC', one),
  ...text('TXB', four),
  ...[0x85, 0x86, 0x87, 0x81, 0x88, 0x89, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x98].map(
    (code): [number, Argument] => [code, 0],
  ),
  [0x80, 1],
  [0x82, 1],
  [0x83, 2],
  [0x84, 4],
  [0x8a, one],
  [0x8b, four],
  [0x8c, one],
  [0x8d, eight],
  [0x8e, eight],
  [0x95, 8],
  [0x96, eight],
])
const stop = 0x2e
/** Opcodes that name something to import, or keep something for later: what a text file by chance hardly has in the right places. */
const telling = new Set(Array.from('cipqr').map((letter) => letter.charCodeAt(0)))

/** Whether content whose first bytes these are is a Python pickle. `size` is that of the whole. Nothing is executed: only the lengths of opcodes are followed. */
export function isPickle(head: Uint8Array, size: number): boolean {
  const announced = head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5
  let at = 0
  let told = announced
  while (at < head.length) {
    const opcode = head[at] ?? 0
    const argument = opcodes.get(opcode)
    if (argument === undefined) return false
    // Behind the end there may be more: readers stop here.
    if (opcode === stop) return told && (announced || at + 1 === size)
    const length = argumentLength(head, at + 1, argument)
    if (length === undefined) return told && head.length < size
    if (length < 0 || at + 1 + length > size) return false
    told ||= telling.has(opcode)
    at += 1 + length
  }
  return told && head.length < size
}

/** Undefined where the bytes at hand do not tell; negative where it is no argument. */
function argumentLength(head: Uint8Array, at: number, argument: Argument): number | undefined {
  if (typeof argument === 'number') return argument
  if (typeof argument === 'object') {
    const { lengthBytes } = argument
    if (at + lengthBytes > head.length) return undefined
    let length = 0
    for (let i = lengthBytes - 1; i >= 0; i -= 1) length = length * 256 + (head[at + i] ?? 0)
    return lengthBytes + length
  }
  const first = head.indexOf(0x0a, at)
  if (first === -1) return undefined
  if (argument === 'quoted' && head[at] !== 0x27 && head[at] !== 0x22) return -1
  if (argument === 'line' || argument === 'quoted') return first + 1 - at
  const second = head.indexOf(0x0a, first + 1)
  if (second === -1) return undefined
  const names = Buffer.from(head.subarray(at, second)).toString('latin1')
  return /^[A-Za-z_][\w.]*\n[A-Za-z_<][\w.<>]*$/.test(names) ? second + 1 - at : -1
}
