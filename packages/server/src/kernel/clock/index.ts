export * from './clock.ts'
export * from './iso-time.ts'
export * from './parse-duration.ts'
export * from './watermark.ts'
