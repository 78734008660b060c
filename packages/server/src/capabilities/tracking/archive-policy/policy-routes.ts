import { getArchivePolicy, previewArchivePolicy, setArchivePolicy } from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { ArchivePolicies } from './archive-policy.ts'

/** The routes of the archive policy. */
export function archivePolicyRoutes(app: Http, policies: ArchivePolicies): void {
  mount(app, getArchivePolicy, 200, async ({ scope }) => ({ saved: await policies.read(scope) }))
  mount(app, previewArchivePolicy, 200, ({ scope, body }) => policies.preview(scope, body))
  mount(app, setArchivePolicy, 200, async ({ scope, body }) => ({ saved: await policies.save(scope, body.policy) }))
}
