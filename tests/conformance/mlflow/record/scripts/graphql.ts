import { post, type Script, type Step } from '../step.ts'

const ask = (name: string, query: string, variables?: object): Step => ({
  name,
  method: 'POST',
  path: '/graphql',
  body: { query, ...(variables ? { variables } : {}) },
})

export const graphql: Script = {
  name: 'graphql',
  steps: [
    post('an experiment', 'experiments/create', { name: 'delays' }, { save: { experiment: 'experiment_id' } }),
    post(
      'a run',
      'runs/create',
      { experiment_id: '{{experiment}}', run_name: 'forest', start_time: 1000, user_id: 'ann' },
      { save: { run: 'run.info.run_id' }, only: ['run.info.run_name'] },
    ),
    post('what it logs', 'runs/log-batch', {
      run_id: '{{run}}',
      metrics: [
        { key: 'acc', value: 0.5, timestamp: 1000, step: 0 },
        { key: 'acc', value: 0.75, timestamp: 1001, step: 1 },
      ],
      params: [{ key: 'depth', value: '3' }],
    }),
    post('a metric that is no number', 'runs/log-metric', {
      run_id: '{{run}}',
      key: 'nan',
      value: 'NaN',
      timestamp: 1,
    }),
    ask(
      'an experiment is asked for',
      '{ mlflowGetExperiment(input: {experimentId: "{{experiment}}"}) { apiError { code } experiment { experimentId name lifecycleStage tags { key value } } } }',
    ),
    ask(
      'a run with what belongs to it',
      `query GetRun($data: MlflowGetRunInput!) @component(name: "RunPage") {
        mlflowGetRun(input: $data) { run { ...about data { metrics { key value step timestamp } params { key value } } inputs { datasetInputs { dataset { name } } } experiment { name } modelVersions { name version } } }
      }
      fragment about on MlflowRunExtension { info { id: runId runName status startTime endTime lifecycleStage } }`,
      { data: { runId: '{{run}}' } },
    ),
    ask(
      'a curve',
      '{ mlflowGetMetricHistoryBulkInterval(input: {runIds: ["{{run}}"], metricKey: "acc", maxResults: 10}) { metrics { key value step timestamp runId } } }',
    ),
    ask(
      'its files',
      '{ mlflowListArtifacts(input: {runId: "{{run}}"}) { files { path isDir fileSize } nextPageToken } }',
    ),
    ask(
      'versions of models',
      '{ mlflowSearchModelVersions(input: {}) { modelVersions { name } nextPageToken apiError { message } } }',
    ),
    ask(
      'runs that are searched for',
      '{ mlflowSearchRuns(input: {experimentIds: ["{{experiment}}"], filter: "metrics.acc > 0.6"}) { runs { info { runName } } } }',
    ),
    ask(
      'the names of types',
      '{ mlflowGetExperiment(input: {experimentId: "0"}) { __typename experiment { __typename name } } }',
    ),
    ask(
      'a run that is not there',
      '{ mlflowGetRun(input: {runId: "00000000000000000000000000000000"}) { run { info { runId } } } }',
    ),
    ask('a field that is not there', '{ mlflowGetExperiment(input: {experimentId: "0"}) { experiment { nonsense } } }'),
    ask(
      'eleven aliases',
      `{ ${Array.from({ length: 11 }, (_, i) => `a${i}: mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } }`).join(' ')} }`,
    ),
    ask('what there is', '{ __schema { queryType { name } } }'),
    ask('no query', '{'),
  ],
}
