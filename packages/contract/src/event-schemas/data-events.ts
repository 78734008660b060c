import { Type } from 'typebox'
import { digest, eventSchema, eventTime, fact, integer, nullable, text, title } from './event-schema.ts'

const committed = {
  deployment: text(),
  rows: integer(),
  digest,
  minTime: eventTime,
  maxTime: eventTime,
  snapshot: integer('Number of the table snapshot that holds them.'),
  firstId: Type.Optional(text('Id of the first row, where later ones may be visible already.')),
  fact,
}

const idea = {
  experiment: text(),
  state: text('open, chosen, dropped or concluded'),
  outcome: nullable(text('supported, refuted or unclear, once it is concluded.')),
  hypothesis: Type.Boolean({ description: 'Whether one is written down.' }),
  fact,
}

const baseline = {
  experiment: text(),
  record: digest,
  metric: text(),
  retired: Type.Boolean(),
  fact,
}

/** Datasets, features, runs, and the batches of what was predicted and what came true. */
export const dataEvents = [
  eventSchema('dataset.declared', 'dataset', 'A dataset was described, or its checks were changed.', {
    checks: nullable(integer('How many there are; null: they stayed.')),
  }),
  eventSchema('dataset.sheet-written', 'dataset', 'Somebody wrote a part of the data sheet.', {
    part: text('motivation, limits and so on.'),
    revision: integer(),
  }),
  eventSchema('dataset.version-added', 'dataset', 'A version of a dataset was stored.', {
    name: text(),
    version: integer(),
    digest,
    rows: integer(),
    addedRows: nullable(integer()),
    state: text(),
    fact,
  }),
  eventSchema('dataset.version-rejected', 'dataset', 'Data was refused by a check.', { reason: text(), fact }),
  eventSchema('feature-view.defined', 'feature-view', 'A version of a feature view was defined.', {
    digest,
    features: Type.Array(text()),
    fact,
  }),
  eventSchema('feature-rows.committed', 'feature-view', 'Pushed feature rows were committed.', {
    rows: integer(),
    digest,
    fact,
  }),
  eventSchema('experiment.created', 'experiment', 'An experiment was made.', { name: text(), fact }),
  eventSchema('experiment.renamed', 'experiment', 'An experiment got another name.', {
    name: text(),
    before: text(),
    fact,
  }),
  eventSchema('experiment.deleted', 'experiment', 'An experiment was deleted; it can be restored.', {}),
  eventSchema('experiment.restored', 'experiment', 'A deleted experiment was restored.', {}),
  eventSchema('run.created', 'run', 'A run was started.', { name: text(), experiment: text(), title, fact }),
  eventSchema('run.inputs-logged', 'run', 'Datasets that a run read were recorded.', {
    inputs: Type.Array(text('Name of a dataset.')),
  }),
  eventSchema('run.finished', 'run', 'A run ended.', {
    name: text(),
    experiment: text(),
    status: text('FINISHED, FAILED or KILLED'),
    title,
    fact,
  }),
  eventSchema('run-note.confirmed', 'run', 'Somebody confirmed what was drafted of a run or its group of repeats.', {
    of: text('run or group'),
    experiment: text(),
    edited: Type.Boolean({ description: 'True where the words are not those of the draft.' }),
    draft: digest,
  }),
  eventSchema('run-note.reopened', 'run', 'Somebody took the confirmation of a draft back.', {
    of: text('run or group'),
    experiment: text(),
  }),
  eventSchema('idea.added', 'idea', 'Somebody added an idea to an experiment.', idea),
  eventSchema(
    'idea.changed',
    'idea',
    'An idea was chosen, dropped, concluded or reopened, or its hypothesis was written.',
    idea,
  ),
  eventSchema('baseline.added', 'baseline', 'A published result was stored as a baseline of an experiment.', baseline),
  eventSchema('baseline.retired', 'baseline', 'A baseline was retired, or taken back into use.', baseline),
  eventSchema(
    'code-forks.recorded',
    'experiment',
    'Somebody measured how far the lines of code of an experiment diverge.',
    { lines: integer(), conflicting: integer('Lines that a merge into the base would stop at.') },
  ),
  eventSchema('experiment.imported', 'experiment', 'An experiment of another tracker was brought here.', {
    name: text(),
    createdAt: integer('When it was made there, milliseconds UTC.'),
    fact,
  }),
  eventSchema('run.imported', 'run', 'A run of another tracker was brought here, with its id and its times.', {
    name: text(),
    experiment: text(),
    status: text('As it was there.'),
    startedAt: nullable(integer()),
    endedAt: nullable(integer()),
    title,
    fact,
  }),
  eventSchema('import.finished', 'import', 'An import from another tracker has ended.', {
    kind: text(),
    source: text(),
    verified: Type.Boolean(),
    runs: integer(),
    skipped: integer('How many things could not be taken.'),
    fact,
  }),
  eventSchema('run.deleted', 'run', 'A run was deleted; it can be restored.', { name: text() }),
  eventSchema('run.restored', 'run', 'A deleted run was restored.', { name: text() }),
  eventSchema('run.removed', 'run', 'A deleted run was removed for good, by a person or because it was old enough.', {
    name: text(),
  }),
  eventSchema('run.archived', 'run', 'A run was put into the archive: tables leave it out.', {
    name: text(),
    policy: Type.Optional(text('What the policy that did it says; left out where somebody did it.')),
  }),
  eventSchema('archive-policy.set', 'project', 'Runs are archived by a policy from now on.', {
    days: integer('Runs that ended so long ago.'),
    keepBest: integer('So many of each group stay.'),
    metric: nullable(text('By which the best are known.')),
    higherIsBetter: Type.Boolean(),
  }),
  eventSchema('archive-policy.removed', 'project', 'No policy archives runs any more.', {}),
  eventSchema('run.unarchived', 'run', 'A run was taken out of the archive.', { name: text() }),
  eventSchema('run.metrics-recovered', 'run', 'Points of metrics were computed from a checkpoint after the run.', {
    name: text(),
    metrics: Type.Array(text('Key of a metric.')),
    step: integer(),
    checkpoint: text('URI of the checkpoint.'),
  }),
  eventSchema('run.moved', 'run', 'A run was moved to another experiment.', {
    name: text(),
    from: text('Id of the experiment it was in.'),
    to: text('Id of the experiment it is in now.'),
    fact,
  }),
  eventSchema(
    'experiment.removed',
    'experiment',
    'The removal of a deleted experiment with all its runs has begun; it cannot be restored any more.',
    { name: text(), runs: Type.Integer() },
  ),
  eventSchema('logged-model.ready', 'logged-model', 'A model that a run logged is complete.', {
    name: text(),
    title,
    fact,
  }),
  eventSchema('predictions.committed', 'deployment', 'A batch of logged predictions was committed.', committed),
  eventSchema('labels.committed', 'deployment', 'A batch of labels was committed.', committed),
] as const
