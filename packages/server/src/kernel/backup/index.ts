/** All rows of a database as files, the same for SQLite and Postgres, and back. */
export { type DumpedTable, digestDatabase, dumpDatabase } from './dump-database.ts'
export { backupErrors } from './errors.ts'
export { loadDatabase, readDumped } from './load-database.ts'
