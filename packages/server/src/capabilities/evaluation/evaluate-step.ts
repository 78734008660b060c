import type { ComparisonData, Evaluation, EvaluationEvidenceData, Evidence } from '@trivium/contract'
import { canonicalJson, digestOf, parseUrn } from '../../kernel/ids/index.ts'
import type { StepContext, StepKind } from '../../kernel/ports/index.ts'
import { describeMetrics } from './describe-comparison.ts'
import { evaluationErrors } from './errors.ts'
import type { Evaluations } from './evaluations.ts'
import { checkSettings, readSettings } from './settings.ts'

/**
 * Step kind `evaluate`: scores the model in input `model` on the dataset in input `dataset`, against the model in input `champion` where there is one
 * (`model:NAME@champion?`). Input `training` says which dataset the model was trained on. Output `evaluation`; evidence of kind `evaluation` and `comparison`.
 */
export function evaluateStep(evaluations: Evaluations): StepKind {
  return {
    kind: 'evaluate',
    caching: 'content',
    requiredInputs: ['model', 'dataset'],
    check: checkSettings,
    run: async (context, configuration) => {
      const { model, champion, training } = context.inputs
      if (!model) throw evaluationErrors.INPUT_MISSING('model', 'steps.train.model')
      const dataset = datasetOf(context, 'dataset')
      if (!dataset) throw evaluationErrors.INPUT_MISSING('dataset', 'dataset:flights@latest')
      if (training && !datasetOf(context, 'training'))
        throw evaluationErrors.INPUT_MISSING('training', 'steps.features.dataset')
      const found = await evaluations.evaluate(
        context.scope,
        {
          candidate: model,
          dataset,
          settings: readSettings(configuration),
          signal: context.signal,
          log: (line) => context.log(line),
          ...(champion ? { champion } : {}),
          ...(training?.urn === undefined ? {} : { trainedOn: training.urn }),
        },
        { pipelineRun: context.runUrn, step: context.step, asOf: context.asOf },
      )
      const evidence = evidenceOf(found, context, configuration)
      for (const { summary } of evidence) context.log(summary)
      if (found.testSetReuse.warning !== null) context.log(found.testSetReuse.warning)
      const value = { evaluation: found.urn, digest: found.digest, comparison: found.comparison }
      return {
        outputs: { evaluation: { kind: 'evidence', digest: digestOf(value), urn: found.urn, value } },
        refs: [{ rel: 'input', urn: found.dataset.urn, as: 'evaluated-on' }],
        evidence,
      }
    },
  }
}

function datasetOf({ inputs }: StepContext, name: string): { name: string; version: number } | undefined {
  const urn = inputs[name]?.urn
  const parts = urn === undefined ? undefined : parseUrn(urn)
  return parts?.kind === 'dataset' && parts.version !== undefined
    ? { name: parts.id, version: Number(parts.version) }
    : undefined
}

function evidenceOf(found: Evaluation, context: StepContext, settings: Readonly<Record<string, unknown>>): Evidence[] {
  const subjects = [found.urn, found.dataset.urn, ...(found.champion?.urn ? [found.champion.urn] : [])]
  const shared = { at: context.asOf, by: context.startedBy.id, subjects }
  const measured: EvaluationEvidenceData = {
    evaluation: found.urn,
    dataset: found.dataset.urn,
    metrics: found.metrics,
    rows: found.rows,
    unlabelled: found.unlabelled,
    blocks: found.blocks,
    from: found.from,
    to: found.to,
    settings: JSON.parse(canonicalJson(settings)) as Record<string, unknown>,
  }
  const about = describeMetrics(found.metrics, found, `${found.dataset.name} v${found.dataset.version}`)
  const evidence: Evidence[] = [
    { ...shared, kind: 'evaluation', verdict: 'info', summary: about, digest: digestOf(measured), data: measured },
  ]
  if (found.comparison) {
    const { summary, others: _others, ...data } = found.comparison
    evidence.push({ ...shared, kind: 'comparison', verdict: verdictOf(data), summary, digest: digestOf(data), data })
  }
  return evidence
}

/** What cannot be judged yet is not passed: a gate that asks for that must block. */
function verdictOf({ verdict, acceptable }: ComparisonData): Evidence['verdict'] {
  if (verdict === 'first model') return 'info'
  return acceptable ? 'passed' : 'failed'
}
