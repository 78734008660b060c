/** What a number in the name of a checkpoint counts, the most exact first: `epoch=3-step=1200` is step 1200. */
const words = ['steps?', 'checkpoint|ckpt', 'iterations?|iter', 'epochs?|ep', 'weights']
const patterns = words.map((word) => new RegExp(`(?:^|[^a-z])(?:${word})[=_. -]*(\\d{1,15})(?!\\d)`, 'i'))
const atTheEnd = /(?:^|[=_. -])(\d{1,15})$/

/** The step that the name of a checkpoint carries, as Lightning, Keras, Hugging Face and MLflow write it; undefined where it carries none. */
export function stepInName(name: string): number | undefined {
  // An ending may hold a digit that counts nothing: `.h5`.
  const stem = name.replace(/\.[a-z]\w{0,14}$/i, '')
  for (const pattern of [...patterns, atTheEnd]) {
    const found = pattern.exec(stem)?.[1]
    if (found !== undefined) return Number(found)
  }
  return undefined
}
