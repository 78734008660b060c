export * from './ledger-writer.ts'
export * from './ledger-reader.ts'
export * from './ingest-ledger.ts'
