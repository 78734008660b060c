import { Type } from 'typebox'
import { digest, eventSchema, fact, integer, nullable, text } from './event-schema.ts'

const ended = {
  pipeline: text(),
  version: integer(),
  steps: Type.Record(Type.String(), Type.Integer(), { description: 'How many steps ended in each state.' }),
  milliseconds: integer('From the start to the end.'),
}

/** Pipelines, their runs, and evaluations. */
export const pipelineEvents = [
  eventSchema('pipeline.defined', 'pipeline', 'A version of a pipeline was saved.', {
    pipeline: text(),
    version: integer(),
    digest,
    steps: integer('How many steps it has.'),
    codeChanged: Type.Boolean(),
    triggers: Type.Array(text('Name of a trigger.')),
  }),
  eventSchema('pipeline-run.started', 'pipeline-run', 'A run of a pipeline was started.', {
    pipeline: text(),
    version: integer(),
    trigger: text('Kind of what started it.'),
    summary: text(),
  }),
  eventSchema('pipeline-run.finished', 'pipeline-run', 'A run of a pipeline ended well.', ended),
  eventSchema('pipeline-run.failed', 'pipeline-run', 'A step of a pipeline run failed.', ended),
  eventSchema('pipeline-run.rejected', 'pipeline-run', 'A gate or a person stopped a pipeline run.', ended),
  eventSchema('pipeline-run.cancelled', 'pipeline-run', 'A pipeline run was cancelled.', ended),
  eventSchema('step.waiting', 'pipeline-run', 'A step waits for a human decision.', {
    step: text(),
    pipeline: text(),
  }),
  eventSchema('evaluation.finished', 'evaluation', 'A model was evaluated.', {
    digest,
    rows: integer(),
    metrics: Type.Record(Type.String(), nullable(Type.Number())),
    verdict: nullable(text('Verdict of the comparison, where there was one.')),
  }),
  eventSchema('gate.passed', 'model', 'A version of a model passed its gate.', {
    model: text(),
    version: integer(),
    reason: text(),
    evidence: digest,
    fact,
  }),
  eventSchema('gate.rejected', 'model', 'A version of a model did not pass its gate.', {
    model: text(),
    version: integer(),
    reason: text(),
    evidence: digest,
    fact,
  }),
] as const
