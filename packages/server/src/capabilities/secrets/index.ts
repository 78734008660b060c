/** Named secrets of projects and of the instance: written only, handed to steps, hidden in everything that they write. */
export { parseSecretReference } from './hand-out.ts'
export { maskRunCalls } from './mask-run-calls.ts'
export { secretRoutes } from './routes.ts'
export { createSecrets, type Secrets, type SecretUsers } from './secrets.ts'
export { createVaultKeys, type VaultKeys } from './vault-keys.ts'
import './tables.ts'
export { secretsTexts } from './personal-texts.ts'
