import type { GrantReason } from '@trivium/contract'

/** Why somebody holds something, in words. */
export function reasonWords({ kind, role, group, until }: GrantReason): string {
  if (kind === 'break-glass') return `break-glass until ${new Date(until ?? 0).toISOString().slice(11, 16)} UTC`
  const what = kind === 'instance-admin' ? 'administrator of the instance' : role
  return group === null ? what : `${what}, by group ${group}`
}

/** What can be done to a kind of thing, and the permission that each needs. */
export const actionsOn: Readonly<Record<string, readonly { readonly does: string; readonly permission: string }[]>> = {
  dataset: [
    { does: 'add versions', permission: 'dataset:write' },
    { does: 'read rows', permission: 'data:read-rows' },
    { does: 'read personal columns', permission: 'data:read-personal' },
  ],
  feature: [
    { does: 'define it and push rows', permission: 'feature:write' },
    { does: 'look up features', permission: 'data:read-rows' },
  ],
  run: [{ does: 'change it', permission: 'run:write' }],
  experiment: [{ does: 'add runs', permission: 'run:write' }],
  pipeline: [
    { does: 'define it', permission: 'pipeline:write' },
    { does: 'start it', permission: 'pipeline:run' },
    { does: 'run code by it', permission: 'code:execute' },
  ],
  evaluation: [{ does: 'evaluate', permission: 'evaluation:write' }],
  model: [
    { does: 'add versions', permission: 'model:write' },
    { does: 'decide, unless it is his own', permission: 'inbox:decide' },
    { does: 'deploy it', permission: 'deployment:write' },
  ],
  deployment: [
    { does: 'deploy and roll back', permission: 'deployment:write' },
    { does: 'ask it', permission: 'prediction:write' },
    { does: 'read what it was asked', permission: 'data:read-rows' },
  ],
  prediction: [
    { does: 'read its input and answer', permission: 'data:read-rows' },
    { does: 'read personal columns', permission: 'data:read-personal' },
    { does: 'label it', permission: 'label:write' },
  ],
  monitor: [{ does: 'change it', permission: 'monitor:write' }],
  alert: [{ does: 'take it and close it', permission: 'alert:write' }],
  inbox: [{ does: 'decide, unless it is his own', permission: 'inbox:decide' }],
}
