const actions = new Set<() => void>()
let listening = false

/** Does something when this program ends, by Ctrl-C too; returns how to take that back. What it started must not outlive it. */
export function onExit(action: () => void): () => void {
  if (!listening) {
    listening = true
    process.once('exit', () => actions.forEach((one) => one()))
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const)
      process.once(signal, () => process.exit(code))
  }
  actions.add(action)
  return () => void actions.delete(action)
}
