import { quotaDefinitions, type QuotaName } from '@trivium/contract'
import { defineErrors } from '../../kernel/errors/index.ts'

export interface Exceeded {
  readonly quota: QuotaName
  readonly project: string
  readonly limit: number
  readonly used: number
  /** Seconds after which there is room again. */
  readonly retryAfter: number
}

export const quotaErrors = defineErrors('QUOTAS', {
  EXCEEDED: {
    status: 429,
    message: ({ quota, project, limit, used, retryAfter }: Exceeded) =>
      `The quota ${quota} of project ${project} is used up: ${used} of ${limit} ${unitOf(quota)}. Try again in ${retryAfter} s, or ask an instance administrator to raise it.`,
    details: (exceeded: Exceeded) => ({ ...exceeded, raisedBy: 'instance:admin' }),
  },
  STORAGE_FULL: {
    status: 507,
    message: ({ project, limit, used }: Omit<Exceeded, 'retryAfter' | 'quota'>) =>
      `Project ${project} keeps ${used} of ${limit} bytes (quota storage). Nothing was stored. Delete what is not needed and collect, or ask an instance administrator to raise the quota.`,
    details: (exceeded: Omit<Exceeded, 'retryAfter' | 'quota'>) => ({
      quota: 'storage',
      ...exceeded,
      raisedBy: 'instance:admin',
    }),
  },
})

const unitOf = (quota: QuotaName): string => {
  const { unit, per } = quotaDefinitions[quota] as { unit: string; per?: string }
  return per === undefined ? unit : `${unit} a ${per}`
}
