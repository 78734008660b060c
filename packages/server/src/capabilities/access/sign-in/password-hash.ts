import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { signInErrors } from './errors.ts'

/** Memory in KiB, passes and lanes: the first choice of OWASP's cheat sheet for argon2id. */
export interface HashCost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** Hashes passwords off the main thread, a few at a time, so that sign-ins cannot take the machine. */
export interface PasswordHasher {
  /** The PHC string that is stored. */
  hash(password: string): Promise<string>
  /** `stale`: right, and stored at another cost than that of now. Takes as long without a stored hash as with one. */
  verify(password: string, stored: string | undefined): Promise<'right' | 'stale' | 'wrong'>
}

const owasp: HashCost = { memory: 19_456, passes: 2, parallelism: 1 }
const tagLength = 32
const atOnce = 2
const mayWait = 64
const derive = promisify(argon2)

export function createPasswordHasher(cost: HashCost = owasp): PasswordHasher {
  let running = 0
  const waiting: (() => void)[] = []
  const oneOfFew = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting.length >= mayWait) throw signInErrors.THROTTLED(2)
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  const tagOf = (password: string, nonce: Buffer, { memory, passes, parallelism }: HashCost, length: number) =>
    oneOfFew(() =>
      derive('argon2id', {
        // One text of a password, however the keyboard composes its letters.
        message: Buffer.from(password.normalize('NFKC')),
        nonce,
        memory,
        passes,
        parallelism,
        tagLength: length,
      }),
    )
  const textOf = (nonce: Buffer, tag: Buffer): string =>
    `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${plain64(nonce)}$${plain64(tag)}`
  /** Stands in where nothing is stored: nobody has the password to it. */
  const nobody = textOf(randomBytes(16), randomBytes(tagLength))

  return {
    hash: async (password) => {
      const nonce = randomBytes(16)
      return textOf(nonce, await tagOf(password, nonce, cost, tagLength))
    },
    verify: async (password, stored) => {
      const known = readPhc(stored ?? nobody)
      const tag = await tagOf(password, known.nonce, known.cost, known.tag.length)
      if (!timingSafeEqual(tag, known.tag) || stored === undefined) return 'wrong'
      const same = (['memory', 'passes', 'parallelism'] as const).every((part) => known.cost[part] === cost[part])
      return same && known.tag.length === tagLength ? 'right' : 'stale'
    },
  }
}

function readPhc(text: string): { cost: HashCost; nonce: Buffer; tag: Buffer } {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(text)
  if (!found) throw new Error('A stored password hash is not in the form of argon2id.')
  const [, memory, passes, parallelism, nonce = '', tag = ''] = found
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

const plain64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
