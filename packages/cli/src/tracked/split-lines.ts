import { StringDecoder } from 'node:string_decoder'

const longest = 16_000
const partialMs = 5000

/**
 * Makes lines of what a program writes. A line that is written over again and again (a progress bar) becomes one line with its last state, and every few seconds one
 * that says how far it is. What is longer than a line may be goes on in the next.
 */
export function splitLines(
  onLine: (text: string) => void,
  clock: () => number,
): { write: (chunk: Buffer) => void; end: () => void } {
  const decoder = new StringDecoder('utf8')
  let line = ''
  let saidAt = clock()
  const say = (text: string): void => {
    saidAt = clock()
    onLine(text)
  }
  const take = (text: string): void => {
    const parts = text.split(/(\r\n|\n|\r)/)
    for (const part of parts) {
      if (part === '\n' || part === '\r\n') {
        say(line)
        line = ''
      } else if (part === '\r') {
        if (line !== '' && clock() - saidAt >= partialMs) say(line)
        overwritten = true
      } else if (part !== '') {
        if (overwritten) line = ''
        line += part
      }
      if (part !== '\r' && part !== '') overwritten = false
      while (line.length > longest) {
        say(line.slice(0, longest))
        line = line.slice(longest)
      }
    }
  }
  let overwritten = false
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end())
      if (line !== '') say(line)
      line = ''
    },
  }
}
