/** Of the flags of this process those that say how imports resolve; the others may stop a thread (`--input-type` of a program that was given as text). */
export function threadFlags(flags: readonly string[] = process.execArgv): string[] {
  return flags.filter(
    (flag, index) =>
      flag.startsWith('--conditions') || flag === '-C' || ['--conditions', '-C'].includes(flags[index - 1] ?? ''),
  )
}
