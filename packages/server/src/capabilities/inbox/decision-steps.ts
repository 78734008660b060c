import type { Evidence, EventRef } from '@trivium/contract'
import { type Static, Type } from 'typebox'
import { values } from '../../kernel/libraries/index.ts'
import { parseDuration } from '../../kernel/clock/index.ts'
import { digestOf, parseUrn } from '../../kernel/ids/index.ts'
import { actOnce } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { StepContext, StepKind, StepResult } from '../../kernel/ports/index.ts'
import type { Inbox, NewInboxItem } from './inbox.ts'

/** Settings of every step that waits for a person: who, by when, and what if nobody comes. */
export const humanSettings = {
  assignee: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  deadline: Type.Optional(Type.String({ maxLength: 50 })),
  late: Type.Optional(Type.Union([Type.Literal('wait'), Type.Literal('reject')])),
}

const Option = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    consequence: Type.Optional(Type.String({ maxLength: 1000 })),
    passes: Type.Optional(Type.Boolean()),
    needsReason: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
type Option = Static<typeof Option>

const Configuration = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 200 }),
    question: Type.String({ minLength: 1, maxLength: 4000 }),
    options: Type.Optional(Type.Array(Option, { minItems: 2, maxItems: 20 })),
    ...humanSettings,
  },
  { additionalProperties: false },
)

const kinds: readonly { kind: string; item: NewInboxItem['kind']; options: readonly Option[] | undefined }[] = [
  {
    kind: 'review',
    item: 'review',
    options: [
      { id: 'accept', label: 'Accept', consequence: 'The pipeline goes on.' },
      { id: 'object', label: 'Object', consequence: 'The pipeline ends here.', passes: false, needsReason: true },
    ],
  },
  {
    kind: 'consent',
    item: 'consent',
    options: [
      { id: 'granted', label: 'Consent is granted', consequence: 'The pipeline goes on.', needsReason: true },
      {
        id: 'refused',
        label: 'Consent is refused',
        consequence: 'The pipeline ends here.',
        passes: false,
        needsReason: true,
      },
    ],
  },
  { kind: 'judge', item: 'judgement', options: undefined },
]

/** What is wrong with who and when, as a definition says it. */
export function checkHumanSettings(kind: string, settings: Readonly<Record<string, unknown>>): string[] {
  const { deadline, late } = settings
  if (deadline !== undefined && (typeof deadline !== 'string' || !parseDuration(deadline)))
    return [`${kind}: "deadline" is a duration such as 8h or 2d, counted from when somebody is asked.`]
  if (late === 'reject' && deadline === undefined) return [`${kind}: "late: reject" needs a "deadline".`]
  return []
}

/**
 * Step kinds `review` (a fairness review, for instance), `consent` (a regulator's, as whoever obtained it records it) and `judge` (a root cause, for instance): a person
 * decides in the inbox and the run waits. Inputs go on as outputs; output `decision` holds option, reason, who and when.
 */
export function decisionSteps({ db, clock }: Pick<Kernel, 'db' | 'clock'>, inbox: Inbox): StepKind[] {
  return kinds.map(({ kind, item, options: usual }) => ({
    kind,
    caching: 'never',
    check: (configuration) => {
      const shape = [...values().Errors(Configuration, configuration)].map(
        (error) =>
          `${kind}: with${error.instancePath.replaceAll('/', '.')} ${error.message}. It takes "title", "question", "options", "assignee", "deadline" and "late".`,
      )
      if (shape.length > 0) return shape
      const { options = usual } = configuration as Static<typeof Configuration>
      if (!options) return [`${kind} needs "options": the findings to choose from, each with an "id".`]
      const twice = options.find((one, index) => options.findIndex(({ id }) => id === one.id) !== index)
      return [
        ...(twice ? [`${kind}: option "${twice.id}" is there twice.`] : []),
        ...checkHumanSettings(kind, configuration),
      ]
    },
    run: async (context, configuration) => {
      const settings = values().Parse(Configuration, configuration)
      const options = settings.options ?? usual ?? []
      if (context.waitedFor !== undefined) return decided(inbox, context, context.waitedFor, options)
      const { project, scope } = context
      const dueIn = settings.deadline === undefined ? undefined : parseDuration(settings.deadline)
      const { result } = await db.write.transaction().execute((trx) =>
        actOnce(trx, { project, key: `${context.actKey}/decision`, at: clock() }, () =>
          inbox.open(trx, scope.principal, {
            project,
            kind: item,
            title: settings.title,
            summary: settings.question,
            subject: subjectOf(context),
            evidence: { records: context.evidence, inputs: shownInputs(context) },
            options: options.map((option) => ({
              id: option.id,
              label: option.label ?? option.id,
              consequence:
                option.consequence ?? (option.passes === false ? 'The pipeline ends here.' : 'The pipeline goes on.'),
              ...(option.needsReason === undefined ? {} : { needsReason: option.needsReason }),
            })),
            permission: 'inbox:decide',
            authors: [context.startedBy.onBehalfOf ?? context.startedBy.id],
            refs: [{ rel: 'input', urn: context.runUrn, as: 'asked-by' }],
            eventTime: context.asOf,
            whenLate: settings.late === 'reject' ? 'withdraw' : 'wait',
            ...(settings.assignee === undefined ? {} : { assignee: settings.assignee }),
            ...(dueIn === undefined ? {} : { dueAt: clock() + dueIn }),
          }),
        ),
      )
      context.log(`Waits for ${settings.assignee ?? 'somebody'} to decide: ${settings.title}.`)
      return { outputs: {}, waitingFor: result.urn }
    },
  }))
}

/** What is decided about: the entity in input `subject` or `model`, else the run. */
function subjectOf({ inputs, runUrn }: StepContext): string {
  return inputs['subject']?.urn ?? inputs['model']?.urn ?? runUrn
}

function shownInputs({ inputs }: StepContext): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      input.kind === 'value' || input.kind === 'evidence' ? input.value : (input.urn ?? input.digest),
    ]),
  )
}

async function decided(
  inbox: Inbox,
  context: StepContext,
  waitedFor: string,
  options: readonly Option[],
): Promise<StepResult> {
  const { state, decision, title, overdueAt } = await inbox.get(context.scope, parseUrn(waitedFor)?.id ?? '')
  if (state === 'open') return { outputs: {}, waitingFor: waitedFor }
  const refs: EventRef[] = [{ rel: 'input', urn: waitedFor, as: 'decided-in' }]
  if (!decision) {
    const reason = overdueAt === null ? `"${title}" was withdrawn.` : `Nobody decided "${title}" before its deadline.`
    return { outputs: {}, refs, verdict: { passed: false, reason } }
  }
  const passed = options.find((option) => option.id === decision.option)?.passes !== false
  const data = { item: waitedFor, option: decision.option, reason: decision.reason, by: decision.by, at: decision.at }
  const sentence = `${decision.byName} decided ${decision.option}${decision.reason === '' ? '.' : `: ${decision.reason}`}`
  context.log(sentence)
  const evidence: Evidence = {
    kind: 'approval',
    verdict: passed ? 'passed' : 'failed',
    summary: `${title}: ${sentence}`,
    at: context.asOf,
    by: decision.by,
    subjects: [waitedFor],
    digest: digestOf(data),
    data,
  }
  return {
    outputs: { ...context.inputs, decision: { kind: 'value', digest: digestOf(data), value: data } },
    refs,
    evidence: [evidence],
    verdict: { passed, reason: sentence },
  }
}
