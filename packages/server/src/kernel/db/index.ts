export * from './database.ts'
export * from './is-unique-violation.ts'
export * from './migrate.ts'
