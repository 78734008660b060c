import { addRunConsole, type RunConsoleLine } from '@trivium/contract'
import { again, type ImportWork } from './run-import.ts'

const mostLines = 1000
const mostText = 200_000

/** Sends what a run wrote; lines that are there already stay. */
export async function sendConsole(
  { client, project, terminal }: ImportWork,
  run: string,
  lines: readonly RunConsoleLine[],
): Promise<void> {
  for (let first = 0; first < lines.length; ) {
    let end = first
    for (let size = 0; end < lines.length && end - first < mostLines; end += 1) {
      size += lines[end]?.text.length ?? 0
      if (end > first && size > mostText) break
    }
    const body = { first, lines: lines.slice(first, end) }
    const call = () => client.call(addRunConsole, { params: { project, run }, body, signal: terminal.signal })
    if ((await again(terminal.signal, call)).full) return
    first = end
  }
}
