export { checkHumanSettings, decisionSteps } from './decision-steps.ts'
export { followBreakGlass } from './follow-break-glass.ts'
export { createInbox, type Inbox, type NewInboxItem } from './inbox.ts'
export { inboxRoutes } from './routes.ts'
