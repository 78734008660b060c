import { backupErrors, type DumpedTable, digestDatabase } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { migrations } from './migrations/index.ts'
import { openSnapshot } from './open-snapshot.ts'

type Place = Pick<Config, 'data' | 'databaseUrl'>

/** Rows go into a database that holds nothing. */
export async function requireNoTables(place: Place): Promise<void> {
  const snapshot = await openSnapshot(place)
  try {
    if ((await snapshot.tables()).length > 0)
      throw backupErrors.NOT_EMPTY(place.databaseUrl === '' ? place.data : 'The database')
  } finally {
    await snapshot.close()
  }
}

/** Rows are copied between databases of one schema only: that of this program. */
export function requireSameSchema(applied: readonly string[], refuse: (differing: string) => Error): void {
  const known = migrations.map(([name]) => name).toSorted()
  const differ = [
    ...known.filter((name) => !applied.includes(name)),
    ...applied.filter((name) => !known.includes(name)),
  ]
  if (differ.length > 0) throw refuse(differ.join(', '))
}

/** Reads a database that was just filled and compares every table with what was written down of it. */
export async function compareDatabase(place: Place, tables: readonly Omit<DumpedTable, 'sha256'>[]): Promise<void> {
  const snapshot = await openSnapshot(place)
  try {
    const found = new Map((await digestDatabase(snapshot)).map((one) => [one.table, one]))
    for (const { table, rows, digest } of tables) {
      const now = found.get(table)
      if (now?.rows !== rows || now.digest !== digest) throw backupErrors.DIFFERS(table)
    }
  } finally {
    await snapshot.close()
  }
}
