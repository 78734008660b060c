/** Small secrets, encrypted at rest with the keys of the instance. */
export { vaultErrors } from './errors.ts'
export { type KeyRing, openKeyRing } from './key-ring.ts'
export { createSealedRows, type KeyUse, type SealedColumn, type SealedRows } from './sealed-rows.ts'
export { createVault, type Vault } from './vault.ts'
