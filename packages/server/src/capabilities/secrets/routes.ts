import {
  addVaultKey,
  forgetVaultKey,
  getSecret,
  getVault,
  listInstanceSecrets,
  listSecrets,
  removeInstanceSecret,
  removeSecret,
  rewrapVault,
  setInstanceSecret,
  setSecret,
  shareInstanceSecret,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Secrets } from './secrets.ts'
import type { VaultKeys } from './vault-keys.ts'

export function secretRoutes(app: Http, secrets: Secrets, vault: VaultKeys): void {
  mount(app, listSecrets, 200, async ({ scope }) => ({ secrets: await secrets.list(scope) }))
  mount(app, getSecret, 200, ({ scope, params }) => secrets.get(scope, params.secret))
  mount(app, setSecret, 200, ({ scope, params, body }) => secrets.set(scope, params.secret, body))
  mount(app, removeSecret, 204, async ({ scope, params, query }) => {
    await secrets.remove(scope, params.secret, { force: query.force ?? false })
    return null
  })
  mount(app, listInstanceSecrets, 200, async () => ({ secrets: await secrets.listInstance() }))
  mount(app, setInstanceSecret, 200, ({ principal, params, body }) =>
    secrets.setInstance(principal, params.secret, body),
  )
  mount(app, shareInstanceSecret, 200, ({ principal, params, body }) =>
    secrets.share(principal, params.secret, body.projects),
  )
  mount(app, removeInstanceSecret, 204, async ({ principal, params, query }) => {
    await secrets.removeInstance(principal, params.secret, { force: query.force ?? false })
    return null
  })
  mount(app, getVault, 200, () => vault.read())
  mount(app, addVaultKey, 201, ({ principal }) => vault.add(principal))
  mount(app, rewrapVault, 200, () => vault.rewrap())
  mount(app, forgetVaultKey, 200, ({ principal, params }) => vault.forget(principal, params.key))
}
