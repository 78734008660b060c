import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Vitest hands these to Node as well, where «import» would break packages that require() each other.
const conditions = ['trivium-source', 'node']

// Workers, and the servers and commands that tests start, keep compiled code where the program does: a start then takes half the processor time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/trivium-compiled')

const project = (
  name: string,
  include: string[],
  timeout: number,
  more: { exclude?: string[]; isolate?: boolean } = {},
) => ({
  extends: true as const,
  test: { name, include, testTimeout: timeout, hookTimeout: Math.max(timeout, 60_000), ...more },
})

// They look at the process that they run in: its rejections, children, file descriptors, memory and environment.
const alone = [
  'tests/fuzz/**/*.test.ts',
  'packages/server/src/*-process.test.ts',
  'packages/server/src/overload.test.ts',
  'packages/server/src/kernel/{logging,telemetry}/*.test.ts',
  'packages/server/src/drivers/{onnx,python-runner,tables-duckdb}/**/*.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    globalSetup: ['packages/testing/src/vitest-global-setup.ts'],
    projects: [
      // Loading the server takes two seconds of a core: the files that come after another in a process find it loaded.
      project('unit', ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'tests/unit/**/*.test.ts'], 20_000, {
        exclude: alone,
        isolate: false,
      }),
      project('alone', alone, 20_000),
      project('loop', ['tests/loop/**/*.test.ts'], 300_000),
      project('chaos', ['tests/chaos/**/*.test.ts'], 600_000),
      project('e2e', ['tests/e2e/**/*.test.ts'], 300_000),
      project('conformance', ['tests/conformance/**/*.test.ts'], 600_000),
    ],
  },
})
