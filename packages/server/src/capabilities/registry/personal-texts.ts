import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What people say of models and their versions. */
export const registryTexts: SubjectTexts = {
  capability: 'registry',
  places: [
    {
      table: 'model',
      title: 'descriptions of models',
      key: ['name'],
      columns: ['description', 'retraining'],
      fixed: {
        columns: ['name'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'model_alias',
      title: 'aliases of models',
      key: ['model', 'alias'],
      columns: ['reason'],
      fixed: {
        columns: ['alias'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'model_tag',
      title: 'tags of models',
      key: ['model', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'model_version',
      title: 'descriptions and notes of model versions',
      key: ['model', 'version'],
      columns: ['description', 'source', 'run_link', 'gate_reason', 'notes', 'parity_reason'],
      fixed: {
        columns: ['files', 'flavors', 'signature', 'onnx', 'artifact_path'],
        why: 'It says what is in the files of the model: train it anew.',
      },
    },
    {
      table: 'model_version_tag',
      title: 'tags of model versions',
      key: ['model', 'version', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'model_evidence',
      title: 'evidence about model versions',
      key: ['model', 'version', 'position'],
      columns: [],
      fixed: {
        columns: ['record'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed.',
      },
    },
    {
      table: 'model_signature',
      title: 'signatures of model versions',
      key: ['model', 'version'],
      columns: [],
      fixed: {
        columns: ['bundle'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed.',
      },
    },
    {
      table: 'model_strategy',
      title: 'strategy of the project',
      key: ['project_id'],
      columns: ['strategy'],
    },
  ],
}
