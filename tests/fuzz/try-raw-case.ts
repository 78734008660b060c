import type { RawCase, RawContext } from './raw-cases.ts'
import { type RawTarget, sendRaw } from './raw-socket.ts'

/** Sends a case to a port; returns what was wrong with the answers, undefined when nothing was. */
export async function tryRawCase(one: RawCase, target: RawTarget, context: RawContext): Promise<string | undefined> {
  const answers = await Promise.all(Array.from({ length: one.times ?? 1 }, () => sendRaw(target, one.request(context))))
  for (const { statuses, text, closed } of answers) {
    const wrong = statuses.find((status) => !one.statuses.includes(status))
    if (wrong !== undefined) return `answered ${wrong}: ${text.slice(0, 300)}`
    const broken = one.request(context).end === 'reset' || one.statuses.includes(408)
    if (statuses.length === 0 && !closed && !broken) return 'left it open without an answer'
    // What a client sent comes back in no header.
    if (/\r\nx-injected:/i.test(text) || text.includes('echo-me'))
      return `gave back what was sent: ${text.slice(0, 300)}`
    if (text.includes(context.token)) return 'gave back the token'
  }
  return undefined
}
