import { afterAll, beforeAll, describe, test } from 'vitest'
import { createMigratedPostgresDatabase } from './postgres.ts'
import { createWorld, migrateDatabase, type World } from './world.ts'

type TestOnce = (name: string, run: () => Promise<void>, timeout?: number) => void

/**
 * Runs the same tests on SQLite and on a real Postgres. `world` is a whole server without a port: a migrated database, the capabilities, HTTP by `inject`,
 * a clock that the test moves. Read its members inside tests only. One world serves the whole block; make a project of its own in a test that must be alone.
 */
export function describeEachDatabase(
  name: string,
  body: (context: {
    world: World
    dialect: 'sqlite' | 'postgres'
    /** `test` on SQLite, nothing on Postgres: for what is read from files and computed, which no database can change, and which takes seconds. */
    once: TestOnce
  }) => void,
  /** Settings that differ from the defaults. */
  configuration: Record<string, unknown> = {},
): void {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    describe(`${name} on ${dialect}`, () => {
      let made: World | undefined
      let drop = async (): Promise<void> => {}
      beforeAll(async () => {
        if (dialect === 'postgres') {
          const database = await createMigratedPostgresDatabase(migrateDatabase)
          drop = database.drop
          made = await createWorld({ databaseUrl: database.url, configuration })
        } else made = await createWorld({ configuration })
      }, 120_000)
      afterAll(async () => {
        await made?.close()
        await drop()
      })
      const world = new Proxy({} as World, {
        get: (_target, key) => {
          if (!made) throw new Error('The world exists inside tests only.')
          return made[key as keyof World]
        },
      })
      body({ world, dialect, once: dialect === 'sqlite' ? test : () => {} })
    })
  }
}
