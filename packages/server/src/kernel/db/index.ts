export * from './database.ts'
export * from './is-unique-violation.ts'
export * from './migrate.ts'
export * from './lock-data-directory.ts'
