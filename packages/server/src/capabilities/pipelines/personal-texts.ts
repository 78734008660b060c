import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Parameters, reasons and errors of pipelines and their runs. */
export const pipelinesTexts: SubjectTexts = {
  capability: 'pipelines',
  places: [
    {
      table: 'pipeline',
      title: 'descriptions of pipelines',
      key: ['name'],
      columns: ['description'],
      fixed: {
        columns: ['name'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'pipeline_version',
      title: 'definitions of pipelines',
      key: ['pipeline', 'version'],
      columns: [],
      fixed: {
        columns: ['yaml', 'definition', 'files'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed. Save the pipeline without it; versions stay.',
      },
    },
    {
      table: 'pipeline_run',
      title: 'parameters, causes and reasons of pipeline runs',
      key: ['id'],
      columns: ['reason', 'params', 'cause'],
    },
    {
      table: 'pipeline_step',
      title: 'steps of pipeline runs',
      key: ['run_id', 'name'],
      columns: [
        'reason',
        'waiting_for',
        'cache',
        'params',
        'inputs',
        'outputs',
        'verdict',
        'refs',
        'evidence',
        'progress',
      ],
    },
    {
      table: 'pipeline_attempt',
      title: 'errors of steps',
      key: ['run_id', 'step', 'attempt'],
      columns: ['error', 'boundary'],
    },
    {
      table: 'pipeline_cache',
      title: 'cached results of steps',
      key: ['key'],
      columns: ['components', 'outputs', 'verdict', 'refs', 'evidence'],
    },
    {
      table: 'pipeline_closure',
      title: 'files of step code',
      key: ['code_digest', 'module'],
      columns: [],
      fixed: {
        columns: ['module', 'files'],
        why: 'It is the path of a file of code.',
      },
    },
    {
      table: 'pipeline_trigger',
      title: 'triggers',
      key: ['pipeline', 'name'],
      columns: ['deferred'],
      fixed: {
        columns: ['name', 'definition'],
        why: 'It is part of the definition of a pipeline: save the pipeline without it.',
      },
    },
    {
      table: 'pipeline_trigger_evaluation',
      title: 'why triggers fired or did not',
      key: ['id'],
      columns: ['reason', 'refs'],
    },
  ],
}
