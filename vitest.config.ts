import { defineConfig } from 'vitest/config'

// Vitest hands these to Node as well, where «import» would break packages that require() each other.
const conditions = ['trivium-source', 'node']

const project = (name: string, include: string[], timeout: number) => ({
  extends: true as const,
  test: { name, include, testTimeout: timeout, hookTimeout: Math.max(timeout, 60_000) },
})

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    globalSetup: ['packages/testing/src/vitest-global-setup.ts'],
    projects: [
      project(
        'unit',
        ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'tests/unit/**/*.test.ts', 'tests/fuzz/**/*.test.ts'],
        20_000,
      ),
      project('loop', ['tests/loop/**/*.test.ts'], 300_000),
      project('chaos', ['tests/chaos/**/*.test.ts'], 600_000),
      project('e2e', ['tests/e2e/**/*.test.ts'], 300_000),
      project('conformance', ['tests/conformance/**/*.test.ts'], 600_000),
    ],
  },
})
