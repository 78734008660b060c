import { defineErrors } from '../../kernel/errors/index.ts'

export const monitoringErrors = defineErrors('MONITORING', {
  NOT_FOUND: { status: 404, message: (name: string) => `Monitor "${name}" does not exist in this project.` },
  WINDOW_NOT_FOUND: {
    status: 404,
    message: (name: string, start: string) => `Monitor "${name}" has closed no window that begins at ${start}.`,
  },
  NOTHING_WATCHED: {
    status: 400,
    message: () => 'The monitor watches nothing. Give it "drift", "performance" or both.',
  },
  BAD_REFERENCE: {
    status: 400,
    message: (reference: string) =>
      `"${reference}" is no reference. Write auto, or a dataset version such as flights@3.`,
  },
  BAD_PERSISTENCE: {
    status: 400,
    message: (needed: number, outOf: number) => `${needed} of ${outOf} windows cannot be: "needed" is at most "outOf".`,
  },
  DUPLICATE_METRIC: { status: 400, message: (metric: string) => `Metric ${metric} is listed twice.` },
  FEATURE_NOT_FOUND: {
    status: 404,
    message: (feature: string, known: string) => `Nothing is known about feature "${feature}". Known: ${known}.`,
  },
})
