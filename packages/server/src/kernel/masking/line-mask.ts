/** Masks the lines of one stream, in their order. */
export type LineMask = (text: string) => string

/** A runner hands a line without an end on in pieces of this length: a secret may lie across two of them. */
const pieceLength = 65_536

/** The end of a very long line is cut off, as far as a secret could begin in it (logs keep the beginning of such lines only); where one does, it is told with the next piece. */
export function createLineMask(mask: (text: string) => string, longest: number): LineMask {
  let kept = ''
  return (text) => {
    const whole = mask(kept + text)
    const parts = mask(kept) + mask(text)
    const masked = whole === parts ? mask(text) : whole
    kept = ''
    if (longest < 2 || Buffer.byteLength(text) < pieceLength) return masked
    kept = text.slice(cutOf(text, text.length - (longest - 1)))
    const end = mask(kept)
    // What begins before the cut and ends behind it was replaced as a whole.
    return masked.endsWith(end) ? masked.slice(0, masked.length - end.length) : masked
  }
}

/** Not between the halves of one character. */
function cutOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at
}
