const units: Record<string, number> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** Bytes of a size such as `1GB` or `512MiB`. */
export function parseMemory(text: string): number {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B)\s*$/i.exec(text) ?? []
  const factor = units[unit?.toUpperCase() ?? '']
  if (amount === undefined || factor === undefined)
    throw new Error(`"${text}" is not a size; write a number and a unit, such as 1GB or 512MiB.`)
  return Math.floor(Number(amount) * factor)
}
