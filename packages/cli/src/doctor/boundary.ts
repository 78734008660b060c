import type { Terminal } from '../terminal.ts'
import { failed, type Finding, firstLine, ok, tryProgram, warning } from './check.ts'

/** Whether this machine keeps steps of pipelines from the server's files, keys and network. */
export async function checkBoundary({ env }: Terminal): Promise<Finding[]> {
  const python = await tryProgram(env['TRIVIUM_PYTHON'] || 'python3', ['-c', 'import sys; print(sys.executable)'], env)
  // Without Python there are no steps to keep.
  if (python.code !== 0) return []
  const { cannotContain, containIt, orNot, probeBoundary } = await import('@trivium/server')
  const boundary = await probeBoundary(firstLine(python.output))
  const setting = env['TRIVIUM_CODE_EXECUTION'] ?? 'contained'
  if (setting === 'off') return [ok('code execution', 'off')]
  if (setting === 'uncontained')
    return [warning('code execution', 'UNCONTAINED: steps can read every key and all data of the server', containIt)]
  if (!boundary.contained) return [failed('code execution', cannotContain(boundary), orNot)]
  const layers = boundary.layers.map(({ name, active, found }) => `${active ? '' : 'not '}${name} (${found})`)
  return [ok('code execution', `contained by ${layers.join(', ')}`)]
}
