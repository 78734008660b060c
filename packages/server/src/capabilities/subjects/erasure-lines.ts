import { Type, type Static } from 'typebox'
import { values } from '../../kernel/libraries/index.ts'

/** One erasure as a restore replays it: a line of JSON that names nobody. */
export const ErasureLine = Type.Object({
  erasure: Type.String(),
  project: Type.String(),
  subject: Type.String(),
  fingerprint: Type.String(),
  at: Type.Integer(),
  /** Sealed by the vault; by it his names are found in texts. */
  marks: Type.Optional(Type.String()),
})
export type ErasureLine = Static<typeof ErasureLine>

/** Lines as they are noted outside of the database and exported. */
export const erasureLines = (erasures: readonly ErasureLine[]): string =>
  erasures.map((one) => `${JSON.stringify(one)}\n`).join('')

/** Reads such lines; the same erasure may stand there twice. Throws with the number of a line that is none. */
export function parseErasureLines(text: string): ErasureLine[] {
  const found = new Map<string, ErasureLine>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const one = parsed(line)
    if (!values().Check(ErasureLine, one)) throw new Error(`line ${index + 1} is no erasure`)
    found.set(`${one.project}\n${one.subject}`, one)
  }
  return [...found.values()]
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
