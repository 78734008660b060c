import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defineErrors } from '../../kernel/errors/index.ts'
import { pythonRoot } from './python-root.ts'

const closureErrors = defineErrors('PIPELINES', {
  CODE_UNREADABLE: { status: 422, message: (why: string) => `The code of the pipeline cannot be read: ${why}` },
  MODULE_NOT_FOUND: {
    status: 422,
    message: (module: string) =>
      `Module "${module}" is not among the code files of this pipeline. Add its path to "code".`,
  },
})

const run = promisify(execFile)

/** Finds what a module imports from its folder, by reading and without running it: the files, and the packages from outside. */
export function closureFinder({
  python,
  env,
}: {
  python: () => Promise<string>
  env: Readonly<Record<string, string>>
}) {
  return async (directory: string, module: string): Promise<{ files: string[]; external: string[] }> => {
    const { stdout } = await run(
      await python(),
      [join(pythonRoot, 'trivium_runner', 'closure.py'), directory, module],
      { env, maxBuffer: 16_777_216 },
    )
    const found = JSON.parse(stdout) as { files?: string[]; missing?: string[]; external?: string[]; error?: string }
    if (found.error !== undefined) throw closureErrors.CODE_UNREADABLE(found.error)
    if (found.missing?.[0] !== undefined) throw closureErrors.MODULE_NOT_FOUND(found.missing[0])
    return { files: found.files ?? [], external: found.external ?? [] }
  }
}
