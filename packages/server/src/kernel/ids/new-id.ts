import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** Chance is taken from the system for many ids at once: asking costs more than all the rest. */
const chance = Buffer.alloc(10 * 400)
let used = chance.length
let lastTime = 0
let lastRandom = 0n

/** A new id: prefix, underscore, 10 characters of time and 16 of chance (Crockford base 32, lower case); ids of one process sort by when they were made. */
export function newId(prefix: string): string {
  const now = Date.now()
  if (now > lastTime) {
    lastTime = now
    lastRandom = random80()
  } else {
    lastRandom = (lastRandom + 1n) & ((1n << 80n) - 1n)
  }
  return `${prefix}_${encode(BigInt(lastTime), 10)}${encode(lastRandom, 16)}`
}

function random80(): bigint {
  if (used === chance.length) {
    randomFillSync(chance)
    used = 0
  }
  used += 10
  return BigInt(`0x${chance.toString('hex', used - 10, used)}`)
}

/** Half of the characters at a time, as plain numbers: big ones cost ten times as much. */
function encode(value: bigint, length: number): string {
  const half = length / 2
  const bits = BigInt(5 * half)
  return digits(Number(value >> bits), half) + digits(Number(BigInt.asUintN(5 * half, value)), half)
}

function digits(value: number, length: number): string {
  let rest = value
  let text = ''
  for (let i = 0; i < length; i += 1) {
    const next = Math.floor(rest / 32)
    text = alphabet[rest - next * 32] + text
    rest = next
  }
  return text
}
