export * from './event-log.ts'
export * from './sequencer.ts'
export * from './consumers.ts'
export * from './volatile.ts'
