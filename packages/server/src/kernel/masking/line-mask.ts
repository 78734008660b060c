/** Masks the lines of one stream. */
export interface LineMask {
  /** The line as it may be kept. A piece of a very long line may keep back its end, which comes before the next one. */
  line(text: string): string
  /** What was kept back. */
  rest(): string
}

/** A runner hands a line without an end on in pieces of this length: a secret may lie across two of them. */
const pieceLength = 65_536

export function createLineMask(mask: (text: string) => string, longest: number): LineMask {
  let kept = ''
  return {
    line: (text) => {
      const whole = kept + text
      kept = ''
      if (longest < 2 || Buffer.byteLength(text) < pieceLength) return mask(whole)
      const cut = cutOf(whole, whole.length - (longest - 1))
      kept = whole.slice(cut)
      // Masked with its end, so that what begins before the cut and ends behind it is replaced as a whole.
      const masked = mask(whole)
      const end = mask(kept)
      if (masked.endsWith(end)) return masked.slice(0, masked.length - end.length)
      kept = ''
      return masked
    },
    rest: () => {
      const end = mask(kept)
      kept = ''
      return end
    },
  }
}

/** Not between the halves of one character. */
function cutOf(text: string, at: number): number {
  const cut = Math.max(0, at)
  const code = text.charCodeAt(cut)
  return code >= 0xdc00 && code <= 0xdfff ? Math.max(0, cut - 1) : cut
}
