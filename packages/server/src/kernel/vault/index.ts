/** Small secrets, encrypted at rest with the key of the instance. */
export { createVault, type Vault, vaultKey } from './vault.ts'
