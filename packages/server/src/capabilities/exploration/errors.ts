import { defineErrors } from '../../kernel/errors/index.ts'

/** Mistakes that callers of drafts, ideas and the frontier make. */
export const explorationErrors = defineErrors('EXPLORATION', {
  NO_DRAFT: {
    status: 404,
    message: (run: string, of: string) =>
      of === 'group'
        ? `Run ${run} has no repeats: there is no draft of a group.`
        : `Run ${run} still runs: its draft is made once it has ended.`,
  },
  DRAFT_CHANGED: {
    status: 409,
    message: (run: string) =>
      `The records of run ${run} say something else than the draft that was read. Read the draft again and confirm that.`,
  },
  IDEA_NOT_FOUND: { status: 404, message: (id: string) => `There is no idea ${id} in this project.` },
  TOO_MANY_IDEAS: {
    status: 409,
    message: (most: number) => `An experiment holds ${most} ideas at most. Make another experiment for new ones.`,
  },
  NEEDS: { status: 400, message: (what: string, act: string) => `${act} needs ${what}.` },
  ONE_PROBLEM: { status: 400, message: () => 'Name an experiment or a model, one of them.' },
  BASELINE_NOT_FOUND: { status: 404, message: (id: string) => `There is no baseline ${id} in this project.` },
  TOO_MANY_BASELINES: {
    status: 409,
    message: (most: number) => `An experiment holds ${most} baselines at most. Make another experiment for new ones.`,
  },
  SAME_BASELINE: {
    status: 409,
    message: (id: string) => `Baseline ${id} of this experiment says the same, word for word. Use that one.`,
  },
  TOO_MANY_RUNS: { status: 400, message: (most: number) => `Name 1 to ${most} runs, separated by commas.` },
  ONE_BASE: {
    status: 400,
    message: (found: number) => `One line is the base that the others are measured against; ${found} are.`,
  },
  COMMIT_TWICE: {
    status: 400,
    message: (commit: string) => `Commit ${commit} stands on two lines. Name it on the one that it was made for.`,
  },
  BAD_BASELINE: { status: 400, message: (why: string) => why },
  BUSY: {
    status: 429,
    message: (most: number) => `${most} explanations are being worked out already. Ask again in a few seconds.`,
    details: () => ({ retryAfter: 3 }),
  },
  BAD_PAGE_TOKEN: {
    status: 400,
    message: () => 'Invalid page token. Take the one that the page before returned.',
  },
})
