import { defineErrors } from '../../kernel/errors/index.ts'

export const pythonErrors = defineErrors('PYTHON', {
  NOT_FOUND: {
    status: 503,
    message: (looked: string) =>
      `No Python 3.11 or newer was found (${looked}). Install it (on Debian: python3 and python3-venv), or name one with the setting "python" (TRIVIUM_PYTHON).`,
  },
  NO_VENV: {
    status: 503,
    message: (python: string, what: string) =>
      `${python} cannot make virtual environments: ${what}. Install the package that has it (on Debian: python3-venv) and start the run again.`,
  },
})

export const environmentErrors = defineErrors('ENVIRONMENT', {
  BUILD_FAILED: {
    status: 422,
    message: (why: string) => `The environment could not be built from the lock file. uv says:\n${why}`,
  },
  TOOL_MISSING: {
    status: 503,
    message: (why: string) => `uv, which builds environments, could not be installed:\n${why}`,
  },
})
