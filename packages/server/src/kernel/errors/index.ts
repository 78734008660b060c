export * from './app-error.ts'
export * from './nearest-name.ts'
export * from './or-gone.ts'
