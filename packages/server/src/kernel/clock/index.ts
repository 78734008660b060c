export * from './clock.ts'
export * from './watermark.ts'
