export { type Access, createAccess } from './access.ts'
export { sessionCookie } from './authenticate.ts'
export { capabilityErrors as accessCapabilityErrors } from './errors.ts'
