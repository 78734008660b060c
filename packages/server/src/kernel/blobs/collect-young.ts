const everyBytes = 2 * 1024 * 1024
let passed = 0

/**
 * To be told how much content came from a connection. Its buffers die at once, but lie outside of the heap, whose young generation fills too slowly to notice: V8 would
 * look through the whole heap again and again instead, which costs more than to hash and to write them (measured: 61 times for 2 GiB, and never with this; more than 4 MiB
 * at once is too late). Does nothing where the program was started without `--expose-gc`.
 */
export function collectYoung(bytes: number): void {
  passed += bytes
  if (passed < everyBytes) return
  passed = 0
  globalThis.gc?.({ type: 'minor' })
}
