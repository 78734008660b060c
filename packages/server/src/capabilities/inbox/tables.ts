import type { Permission } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    inbox_item: InboxItemTable
  }
}

export interface InboxItemTable {
  project_id: string
  id: string
  kind: string
  title: string
  summary: string
  subject: string
  refs: string
  evidence: string
  options: string
  permission: Permission
  /** JSON list of principal ids whose work is judged: they may not decide. */
  authors: string
  /** 1: event time waits for the decision. */
  blocks_event_time: number
  state: 'open' | 'decided' | 'withdrawn'
  opened_at: number
  opened_by: string
  event_time: number
  due_at: number | null
  decision_option: string | null
  decision_reason: string | null
  decided_by: string | null
  decided_at: number | null
  /** Principal id; null: whoever holds the permission. */
  assignee: string | null
  /** What happens at the deadline: it stays open and is marked, or it is withdrawn. */
  when_late: 'wait' | 'withdraw'
  overdue_at: number | null
}
