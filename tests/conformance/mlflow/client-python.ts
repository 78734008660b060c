import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const script = join(import.meta.dirname, '../../../scripts/setup-clients.mjs')

/** The interpreter of an environment of its own, which is installed from its lock file when it is not there; or what the installer said. */
export async function clientPython(
  name: 'mlflow-2' | 'mlflow-3' | 'postgres' | 'torch' | 'wandb',
): Promise<{ python: string; problem?: never } | { python?: never; problem: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, name])
    return { python: stdout.trim() }
  } catch (error) {
    return { problem: String((error as { stderr?: unknown }).stderr ?? error) }
  }
}
