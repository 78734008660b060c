/** A repeatable source of random numbers. */
export interface Random {
  /** A whole number from 0 to 2³² − 1. */
  uint32(): number
  /** A number from 0 up to but not including 1, with 53 random bits. */
  uniform(): number
  /** A whole number from 0 to n − 1 without bias, for n up to 2³². */
  below(n: number): number
  /** A standard normal number. */
  normal(): number
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

/** Four words from any text: FNV-1a with four starts, each stirred by a splitmix finaliser. */
function stateOf(seed: string): Int32Array {
  const state = new Int32Array(4)
  for (let word = 0; word < 4; word++) {
    let h = (0x811c9dc5 + Math.imul(word, 0x9e3779b9)) | 0
    for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 0x01000193)
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
    state[word] = h ^ (h >>> 15)
  }
  if (state.every((word) => word === 0)) state[0] = 1
  return state
}

/** The generator xoshiro128** (Blackman and Vigna) from four given words, not all zero. */
export function randomFromState(words: readonly [number, number, number, number]): Random {
  const s = Int32Array.from(words)
  const next = (): number => {
    const s1 = s[1] as number
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9)
    const s2 = (s[2] as number) ^ (s[0] as number)
    const s3 = (s[3] as number) ^ s1
    s[1] = s1 ^ s2
    s[0] = (s[0] as number) ^ s3
    s[2] = s2 ^ (s1 << 9)
    s[3] = rotateLeft(s3, 11)
    return result >>> 0
  }
  const uniform = (): number => {
    const high = next() >>> 5
    return (high * 0x4000000 + (next() >>> 6)) / 0x20000000000000
  }
  let spare = Number.NaN
  return {
    uint32: next,
    uniform,
    below(n) {
      const limit = 0x100000000 - (0x100000000 % n)
      let value = next()
      while (value >= limit) value = next()
      return value % n
    },
    normal() {
      if (!Number.isNaN(spare)) {
        const kept = spare
        spare = Number.NaN
        return kept
      }
      for (;;) {
        const u = 2 * uniform() - 1
        const v = 2 * uniform() - 1
        const square = u * u + v * v
        if (square >= 1 || square === 0) continue
        const scale = Math.sqrt((-2 * Math.log(square)) / square)
        spare = v * scale
        return u * scale
      }
    },
  }
}

/**
 * A repeatable random source: the same seed (a number or any text, such as an id) gives the same numbers on every
 * machine. Period 2¹²⁸ − 1. Not for secrets.
 */
export function createRandom(seed: number | string): Random {
  const [a, b, c, d] = stateOf(String(seed)) as unknown as [number, number, number, number]
  return randomFromState([a, b, c, d])
}
