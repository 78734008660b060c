export { type Access, createAccess } from './access.ts'
export { accountData } from './account-data.ts'
export { eraseAccount } from './erase-account.ts'
export { peopleWith } from './people-with.ts'
export { createPeople, type People } from './people.ts'
export { accessRoutes } from './routes.ts'
export { createSignIn, type SignIn } from './sign-in/sign-in.ts'
export { signInRoutes } from './sign-in/sign-in-routes.ts'
export { type AccessLog, createAccessLog } from './access-log.ts'
export { accessLogRoutes } from './access-log-routes.ts'
export { holdersOf } from './explain.ts'
export { lastingPermissions } from './holdings.ts'
export { setExternalGroups } from './groups.ts'
export { hiddenValues, maskEvidence, maskWords } from './mask-words.ts'
export {
  declarePersonal,
  type Mask,
  maskOf,
  maskOfNames,
  maskRecord,
  personalColumnsOf,
  personalMask,
  plainName,
  sealingOf,
  redacted,
} from './personal-columns.ts'
export { createPermissions, permissionRoutes, type Permissions } from './permission-routes.ts'
export { accessTexts } from './personal-texts.ts'
export { readTeams, type TeamMember } from './teams.ts'
