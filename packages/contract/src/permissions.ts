/** Every permission that a route or an action can need. Names are never reused. */
export const permissions = [
  'project:read',
  'project:admin',
  'instance:admin',
  'metrics:read',
  'event:read',
  'audit:read',
  'member:write',
  'token:write',
  'watermark:write',
  'webhook:write',
  'inbox:read',
  'inbox:decide',
  'lineage:read',
  'dataset:read',
  'dataset:write',
  'feature:read',
  'feature:write',
  'run:read',
  'run:write',
  /** Removing deleted experiments and runs for good. */
  'run:delete',
  'report:read',
  'report:write',
  'prediction:read',
  'prediction:write',
  'label:write',
  'pipeline:read',
  'pipeline:write',
  'pipeline:run',
  'evaluation:read',
  'evaluation:write',
  'model:read',
  'model:write',
  'deployment:read',
  'deployment:write',
  'monitor:read',
  'monitor:write',
  'alert:read',
  'alert:write',
  /** Defining or starting what runs code of people: pipelines with steps of their own, Python models. */
  'code:execute',
  /** Reading single rows: of datasets and feature views, inputs, answers and labels of predictions, outputs of steps. Profiles, counts and ids need less. */
  'data:read-rows',
  /** Reading columns that are declared personal; without it they come out as `redacted`. */
  'data:read-personal',
  /** Names of secrets, who set them and where they were last used; nobody reads values. */
  'secret:read',
  /** Starting and defining pipelines whose steps are handed secrets. */
  'secret:use',
  'secret:write',
  /** Taking an administrator's permissions for a short time, with a reason and an alarm. */
  'access:break-glass',
  /** Looking a person up in the data of the project: counts, past erasures, and with `data:read-personal` all his rows. */
  'subject:read',
  /** Erasing a person from the data of the project, for ever. */
  'subject:erase',
] as const

export type Permission = (typeof permissions)[number]

const reads = permissions.filter(
  (p): p is Permission =>
    p.endsWith(':read') && p !== 'metrics:read' && p !== 'audit:read' && p !== 'secret:read' && p !== 'subject:read',
)
const contributes: Permission[] = [
  ...reads,
  'token:write',
  'dataset:write',
  'feature:write',
  'run:write',
  'report:write',
  'prediction:write',
  'label:write',
  'pipeline:run',
  'evaluation:write',
  'model:write',
  'code:execute',
  'data:read-rows',
  'secret:read',
  'secret:use',
]
const maintains: Permission[] = [
  ...contributes,
  'metrics:read',
  'run:delete',
  'pipeline:write',
  'deployment:write',
  'monitor:write',
  'alert:write',
  'watermark:write',
  'secret:write',
  // Whoever defines the code that reads the data can print them.
  'data:read-personal',
  'subject:read',
]

/** Roles of a project. `approver` decides in the inbox and changes nothing else; nobody decides about his own work. */
export const roles = {
  viewer: reads,
  contributor: contributes,
  maintainer: maintains,
  approver: [...reads, 'token:write', 'inbox:decide', 'alert:write'],
  admin: permissions.filter((p) => p !== 'instance:admin'),
} as const satisfies Record<string, readonly Permission[]>

export type Role = keyof typeof roles
export const roleNames = Object.keys(roles) as Role[]
