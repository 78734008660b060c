import { defineErrors } from '../../kernel/errors/index.ts'

export const operationErrors = defineErrors('OPERATIONS', {
  ALERT_NOT_FOUND: { status: 404, message: (id: string) => `There is no alert "${id}" in this project.` },
  RESOLVED: { status: 409, message: (reason: string) => `The alert is resolved already: ${reason}` },
  ACKNOWLEDGED: { status: 409, message: (by: string) => `${by} has acknowledged the alert already.` },
})
