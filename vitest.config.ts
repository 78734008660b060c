import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['trivium-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['trivium-source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'tests/unit/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
