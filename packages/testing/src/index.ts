export * from './describe-each-database.ts'
export * from './postgres.ts'
export * from './world.ts'
export * from './spawn-server.ts'
