export * from './clock.ts'
export * from './parse-duration.ts'
export * from './watermark.ts'
