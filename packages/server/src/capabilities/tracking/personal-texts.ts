import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What programs and people write about experiments, runs and logged models. */
export const trackingTexts: SubjectTexts = {
  capability: 'tracking',
  places: [
    {
      table: 'experiment',
      title: 'names of experiments',
      key: ['id'],
      columns: [],
      fixed: {
        columns: ['name'],
        why: 'Clients find the experiment by this name, and its events hold it: rename it.',
      },
    },
    {
      table: 'experiment_tag',
      title: 'tags and notes of experiments',
      key: ['experiment_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'removed_experiment',
      title: 'names of removed experiments',
      key: ['experiment_id'],
      columns: ['name'],
    },
    {
      table: 'run',
      title: 'names of runs and who ran them',
      key: ['id'],
      columns: ['name', 'user_id', 'archived_because'],
    },
    {
      table: 'run_param',
      title: 'parameters of runs',
      key: ['run_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'run_tag',
      title: 'tags and notes of runs',
      key: ['run_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'run_metric',
      title: 'names of metrics',
      key: ['run_id', 'key'],
      columns: [],
      fixed: {
        columns: ['key'],
        why: 'Points of the metric are kept under its name: delete the run.',
      },
    },
    {
      table: 'run_console',
      title: 'what runs wrote to their consoles',
      key: ['run_id', 'first'],
      columns: ['content'],
    },
    {
      table: 'run_histogram',
      title: 'names of histograms',
      key: ['run_id', 'key'],
      columns: [],
      fixed: {
        columns: ['key'],
        why: 'Histograms are kept under this name: delete the run.',
      },
    },
    {
      table: 'run_recovered_point',
      title: 'points of metrics that were recovered',
      key: ['run_id', 'key', 'step'],
      columns: [],
      fixed: {
        columns: ['key', 'checkpoint'],
        why: 'Points of the metric are kept under its name, and checkpoints are found by theirs: delete the run.',
      },
    },
    {
      table: 'run_dataset',
      title: 'datasets that runs logged',
      key: ['experiment_id', 'name', 'digest'],
      columns: ['source_type', 'source', 'schema', 'profile'],
      fixed: {
        columns: ['name'],
        why: 'It is the name of a thing that runs refer to: rename or delete it.',
      },
    },
    {
      table: 'run_input',
      title: 'inputs of runs',
      key: ['run_id', 'name', 'digest'],
      columns: ['context', 'tags'],
      fixed: {
        columns: ['name'],
        why: 'It is the name of a thing that runs refer to: rename or delete it.',
      },
    },
    {
      table: 'run_view',
      title: 'saved views of runs',
      key: ['id'],
      columns: ['name', 'owner_name', 'filter', 'sort', 'columns', 'grouping', 'layout'],
    },
    {
      table: 'logged_model',
      title: 'names and types of logged models',
      key: ['id'],
      columns: ['name', 'model_type'],
    },
    {
      table: 'logged_model_param',
      title: 'parameters of logged models',
      key: ['model_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'logged_model_tag',
      title: 'tags of logged models',
      key: ['model_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'logged_model_metric',
      title: 'metrics of logged models',
      key: ['model_id', 'key', 'run_id', 'dataset_name', 'dataset_digest'],
      columns: [],
      fixed: {
        columns: ['key', 'dataset_name'],
        why: 'It is the name of a thing that runs refer to: rename or delete it.',
      },
    },
    {
      table: 'logged_model_point',
      title: 'points of metrics of logged models',
      key: ['model_id', 'key', 'timestamp', 'step', 'run_id'],
      columns: [],
      fixed: {
        columns: ['key', 'dataset_name'],
        why: 'It is the name of a thing that runs refer to: rename or delete it.',
      },
    },
    {
      table: 'artifact_file',
      title: 'paths of files',
      key: ['owner', 'path'],
      columns: [],
      fixed: {
        columns: ['path'],
        why: 'The file is found by its path: delete it.',
      },
    },
    {
      table: 'archive_policy',
      title: 'policy of the archive',
      key: ['project_id'],
      columns: ['policy', 'saved_by_name'],
    },
  ],
}
