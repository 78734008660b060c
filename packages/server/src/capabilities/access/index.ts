export { type Access, createAccess } from './access.ts'
export { createPeople, type People } from './people.ts'
export { accessRoutes } from './routes.ts'
