export { checkHumanSettings, decisionSteps } from './decision-steps.ts'
export { createInbox, type Inbox, type NewInboxItem } from './inbox.ts'
export { inboxRoutes } from './routes.ts'
