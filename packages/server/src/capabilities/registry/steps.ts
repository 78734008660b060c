import type { Evidence } from '@trivium/contract'
import { parseDuration } from '../../kernel/clock/index.ts'
import { digestOf, parseUrn } from '../../kernel/ids/index.ts'
import type { Artifact, StepContext, StepKind } from '../../kernel/ports/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { checkRules, type GateRule, judgeGate } from './gate.ts'
import { checkHumanSettings } from '../inbox/index.ts'
import { makeEvidence } from './evidence.ts'
import { checkAlias } from './aliases.ts'
import { checkModelName } from './models.ts'
import type { Registry } from './registry.ts'
import type { VersionSource } from './resolve-source.ts'

type Configuration = Readonly<Record<string, unknown>>

const messageOf = (check: () => unknown): string[] => {
  try {
    check()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

const unknownKeys = (kind: string, configuration: Configuration, known: readonly string[]): string[] =>
  Object.keys(configuration)
    .filter((key) => !known.includes(key))
    .map((key) => `${kind} knows no setting "${key}"; it takes ${known.map((k) => `"${k}"`).join(', ')}.`)

/**
 * Step kind `register`: makes the files of input `model` (a directory, a file, or what a run logged) the next version of `with.model`, gives it the
 * alias `challenger` unless `with.alias` says another, and attaches the evidence of the steps before it and among its inputs. Output `model` is the version.
 */
export function registerStep(registry: Registry): StepKind {
  return {
    kind: 'register',
    caching: 'never',
    check: (configuration) => [
      ...unknownKeys('register', configuration, ['model', 'alias', 'description', 'tags', 'path']),
      ...(typeof configuration['model'] === 'string'
        ? messageOf(() => checkModelName(configuration['model'] as string))
        : ['register needs "model": the name of the registered model.']),
      ...(typeof configuration['alias'] === 'string'
        ? messageOf(() => checkAlias(configuration['alias'] as string))
        : []),
    ],
    run: async (context, configuration) => {
      const name = configuration['model'] as string
      const run = runIdOf(context.inputs['run'])
      const source = await sourceOf(registry, context, configuration, run)
      const tags = Object.entries((configuration['tags'] as Record<string, unknown> | undefined) ?? {}).map(
        ([key, value]) => ({ key, value: typeof value === 'string' ? value : JSON.stringify(value) }),
      )
      const { model, version, urn } = await registry.registerVersion(context.scope, {
        model: name,
        source,
        sourceText:
          run === undefined ? `${context.pipeline}/${context.runId}/${context.step}` : `runs:/${run}/${source.path}`,
        pipelineRun: context.runUrn,
        once: context.actKey,
        alias: (configuration['alias'] as string | undefined) ?? 'challenger',
        tags,
        authors: [context.startedBy.onBehalfOf ?? context.startedBy.id],
        ...(typeof configuration['description'] === 'string' ? { description: configuration['description'] } : {}),
      })
      // Of the version, which an attempt before this one may have made.
      const files = JSON.parse((await registry.versionRow(context.scope, model, version)).files) as VersionFiles
      const attached = await attachInputs(registry, context, model, version)
      context.log(
        `${model} version ${version} registered${attached > 0 ? ` with ${attached} ${attached === 1 ? 'record' : 'records'} of evidence` : ''}.`,
      )
      return {
        outputs: {
          model: { kind: 'model', digest: digestOf(files), urn, value: files },
          version: { kind: 'value', digest: digestOf({ model, version }), value: { model, version, urn } },
        },
        refs: [{ rel: 'output', urn, as: 'registered' }],
      }
    },
  }
}

async function sourceOf(
  registry: Registry,
  context: StepContext,
  configuration: Configuration,
  run: string | undefined,
): Promise<VersionSource> {
  const input = context.inputs['model']
  const path = typeof configuration['path'] === 'string' ? configuration['path'] : 'model'
  if (!input) {
    if (run === undefined)
      throw new Error(
        'Step kind register needs an input "model" (a directory or file that a step made) or "run" (the id of a tracking run that logged one).',
      )
    return registry.resolveSource(context.scope, `runs:/${run}/${path}`)
  }
  const owner = `pipeline-run/${context.runId}`
  if (input.kind === 'directory' || input.kind === 'model') {
    const files = (input.value ?? {}) as VersionFiles
    if (Object.keys(files).length === 0) throw new Error('The input "model" of the register step holds no file.')
    return { owner, path: context.step, files, run: run ?? null, loggedModel: null }
  }
  if (input.kind === 'file')
    return {
      owner,
      path: context.step,
      files: { 'model.onnx': { digest: input.digest, size: input.size ?? 0 } },
      run: run ?? null,
      loggedModel: null,
    }
  const named = runIdOf(input)
  if (named === undefined)
    throw new Error(
      `The input "model" of the register step is a ${input.kind}; it takes a directory, a file, or the id of a run.`,
    )
  return registry.resolveSource(context.scope, `runs:/${named}/${path}`)
}

/** A run id: the value itself, or its field `run_id` or `run`. */
function runIdOf(input: Artifact | undefined): string | undefined {
  const value = input?.value
  const text =
    typeof value === 'object' && value !== null
      ? ((value as Record<string, unknown>)['run_id'] ?? (value as Record<string, unknown>)['run'])
      : value
  return typeof text === 'string' && /^[0-9a-f]{32}$/.test(text) ? text : undefined
}

/** What the steps before this one found, and the records among its inputs; each once. */
function evidenceOf(context: StepContext): Evidence[] {
  const given = Object.values(context.inputs)
    .filter((input) => input.kind === 'evidence')
    .flatMap((input) => (Array.isArray(input.value) ? input.value : [input.value]) as Evidence[])
  const records = [...context.evidence, ...given].filter(
    (record) => typeof record === 'object' && record !== null && 'kind' in record,
  )
  return [...new Map(records.map((record) => [digestOf(record), record])).values()]
}

async function attachInputs(registry: Registry, context: StepContext, model: string, version: number): Promise<number> {
  const records = evidenceOf(context)
  for (const record of records) await registry.attachEvidence(context.scope, model, version, record)
  return records.length
}

function versionOf(context: StepContext): { model: string; version: number; urn: string } {
  const urn = context.inputs['model']?.urn ?? ''
  const parts = parseUrn(urn)
  if (parts?.kind !== 'model' || parts.version === undefined)
    throw new Error(
      `Step ${context.step} needs an input named "model" that is a model version, such as the output "model" of a register step.`,
    )
  return { model: parts.id, version: Number(parts.version), urn }
}

/** Step kind `gate`: judges what the steps before it and its inputs found (else what the version in input `model` carries) by `with.rules`. The verdict is attached whether it passed or not. */
export function gateStep(registry: Registry): StepKind {
  return {
    kind: 'gate',
    caching: 'never',
    requiredInputs: ['model'],
    check: (configuration) => [...unknownKeys('gate', configuration, ['rules']), ...checkRules(configuration['rules'])],
    run: async (context, configuration) => {
      const { model, version, urn } = versionOf(context)
      await attachInputs(registry, context, model, version)
      const given = evidenceOf(context)
      const evidence = (
        given.length > 0 ? given : (await registry.version(context.scope, model, version)).evidence
      ).filter((record) => record.kind !== 'gate')
      const verdict = judgeGate(configuration['rules'] as GateRule[], evidence)
      const judged = makeEvidence({
        kind: 'gate',
        verdict: verdict.passed ? 'passed' : 'failed',
        summary: verdict.reason,
        at: context.asOf,
        by: context.scope.principal.id,
        subjects: [
          urn,
          ...new Set(evidence.flatMap((e) => e.subjects.filter((s) => parseUrn(s)?.kind === 'evaluation'))),
        ],
        data: {
          checks: verdict.checks,
          evidence: evidence.map((e) => e.digest),
          pipelineRun: context.runUrn,
          step: context.step,
        },
      })
      // What an attempt before this one said stays said, whatever has been attached to the version since.
      const record = await registry.recordGate(context.scope, model, version, judged, context.actKey)
      const passed = record.verdict === 'passed'
      context.log(`${passed ? 'passed' : 'REJECTED'}: ${record.summary}`)
      return {
        outputs: {
          model: context.inputs['model'] as Artifact,
          evidence: { kind: 'evidence', digest: digestOf(record), value: record },
        },
        evidence: [record],
        verdict: { passed, reason: record.summary },
        refs: [{ rel: 'input', urn, as: 'judged' }],
      }
    },
  }
}

/** Step kind `approve`: where the policy of the model in input `model` asks for it (or `with.always`), waits for a person's decision in the inbox. */
export function approveStep(registry: Registry): StepKind {
  return {
    kind: 'approve',
    caching: 'never',
    requiredInputs: ['model'],
    check: (configuration) => [
      ...unknownKeys('approve', configuration, ['always', 'assignee', 'deadline', 'late']),
      ...checkHumanSettings('approve', configuration),
      ...(configuration['assignee'] === undefined || typeof configuration['assignee'] === 'string'
        ? []
        : ['approve: "assignee" is the name of a person or service account.']),
      ...(['wait', 'reject', undefined].includes(configuration['late'] as string | undefined)
        ? []
        : ['approve: "late" is wait or reject.']),
      ...(configuration['always'] === undefined || typeof configuration['always'] === 'boolean'
        ? []
        : ['approve: "always" is true or false.']),
    ],
    run: async (context, configuration) => {
      const { model, version, urn } = versionOf(context)
      const outputs = { model: context.inputs['model'] as Artifact }
      const refs = [{ rel: 'input' as const, urn, as: 'asked-about' }]
      const done = (passed: boolean, reason: string) => {
        context.log(reason)
        return { outputs, refs, verdict: { passed, reason } }
      }
      if (context.waitedFor !== undefined) {
        const decision = await registry.decisionOf(context.scope, context.waitedFor)
        if (decision === undefined) return { outputs, refs, waitingFor: context.waitedFor }
        return done(decision.approved, decision.sentence)
      }
      const { approval, approvalItem } = await registry.version(context.scope, model, version)
      if (approval === 'approved') return done(true, `${model} version ${version} is approved.`)
      if (approval === 'declined') return done(false, `${model} version ${version} was declined in ${approvalItem}.`)
      if (approval === 'not-required' && configuration['always'] !== true)
        return done(true, `The policy of ${model} asks for no approval.`)
      const { urn: item } = await registry.requestApproval(context.scope, model, version, {
        authors: [context.startedBy.onBehalfOf ?? context.startedBy.id],
        once: context.actKey,
        whenLate: configuration['late'] === 'reject' ? 'withdraw' : 'wait',
        ...(typeof configuration['assignee'] === 'string' ? { assignee: configuration['assignee'] } : {}),
        ...(typeof configuration['deadline'] === 'string'
          ? { dueIn: parseDuration(configuration['deadline']) ?? 0 }
          : {}),
      })
      context.log(`Waits for approval of ${model} version ${version}.`)
      return { outputs, refs, waitingFor: item }
    },
  }
}
