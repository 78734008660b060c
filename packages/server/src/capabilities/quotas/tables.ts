import type { QuotaName } from '@trivium/contract'
import type {} from '../../kernel/db/database.ts'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    quota: QuotaTable
    quota_use: QuotaUseTable
  }
}

/** A limit that an administrator has set for a project. */
export interface QuotaTable {
  project_id: string
  name: QuotaName
  amount: number
  set_by: string
  set_at: number
}

/** What was used in one minute or day, over all servers. */
export interface QuotaUseTable {
  project_id: string
  name: QuotaName
  /** Empty for the project as a whole. */
  principal_id: string
  /** When the minute or day began. */
  period: number
  amount: number
}
