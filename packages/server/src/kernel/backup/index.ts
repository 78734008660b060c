/** All rows of a database as files, the same for SQLite and Postgres, and back. */
export { type BackupFiles, backupFolder, hashedStream, opened, writeFileAt } from './backup-files.ts'
export { type DumpedTable, digestDatabase, dumpDatabase, dumpPath } from './dump-database.ts'
export { backupErrors } from './errors.ts'
export { loadDatabase, readDumped } from './load-database.ts'
