/**
 * What is answered otherwise than by MLflow's server, on purpose: each exchange, where in its answer, and what ours is there; with the reason. The replay
 * fails for a difference that is not here, and for one that is here and no more.
 */
export const differences: readonly {
  readonly script: string
  readonly why: string
  readonly where: readonly (readonly [exchange: string, at: string, ours: unknown])[]
}[] = [
  {
    script: 'experiments',
    why: "Tag values are cut at the documented 5000 characters; MLflow's SQLite keeps one more.",
    where: [
      [
        'its tags',
        'answer.experiment.tags[1].value',
        '<5000 characters, c59d3c0480cc: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…>',
      ],
    ],
  },
  {
    script: 'experiments',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [['a deleted one gets a name', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'experiments',
    why: 'MLflow takes what makes no sense and stores nothing, something else, or an empty name. A mistake is refused and named here.',
    where: [['a view that is none', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'experiments',
    why: 'A page size that was left out is the usual one here.',
    where: [['no page size', 'status', '200']],
  },
  {
    script: 'experiments',
    why: "Filters and orders take more here than MLflow's; nothing that MLflow understands means anything else.",
    where: [
      ["filter attr.name = 'renamed'", 'status', '200'],
      ['filter name IS NULL', 'status', '200'],
      ['order tags.team', 'status', '200'],
    ],
  },
  {
    script: 'experiments',
    why: 'MLflow reads a filter that is cut off, or has two comparisons without AND, as if the rest were not there. It is refused here.',
    where: [["filter name = 'a' name = 'b'", 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'runs',
    why: "A run without an experiment is one of the default experiment, as MLflow's documentation says; a number of one that cannot be is one that is not there.",
    where: [
      ['a run without anything', 'status', '200'],
      ['a run in an experiment with a bad id', 'status', '404 RESOURCE_DOES_NOT_EXIST'],
    ],
  },
  {
    script: 'runs',
    why: 'MLflow takes what makes no sense and stores nothing, something else, or an empty name. A mistake is refused and named here.',
    where: [
      ['a tag without a key', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a status that is none', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a step with a fraction', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a batch with a bad value', 'status', '400 INVALID_PARAMETER_VALUE'],
      [
        'all that was logged',
        'answer.run.data.metrics',
        [
          { key: '-inf', value: -1.7976931348623157e308, timestamp: 1000, step: 0 },
          { key: 'b', value: 2, timestamp: 1000, step: 1 },
          { key: 'c', value: 'NaN', timestamp: 1000, step: 0 },
          { key: 'inf', value: 1.7976931348623157e308, timestamp: 1000, step: 0 },
          { key: 'm', value: 0.2, timestamp: 1001, step: 1 },
          { key: 'mixed', value: 'NaN', timestamp: 1000, step: 1 },
          { key: 'nan', value: 'NaN', timestamp: 1000, step: 0 },
          { key: 'negative', value: 1, timestamp: 1000, step: -5 },
          { key: 'small', value: 1e-30, timestamp: 1000, step: 0 },
          { key: 'texts', value: 0.25, timestamp: 1000, step: 3 },
          { key: 'tie', value: 3, timestamp: 1000, step: 1 },
        ],
      ],
    ],
  },
  {
    script: 'metrics',
    why: 'A run that is not there is said to be not there.',
    where: [['history of a run that is not there', 'status', '404 RESOURCE_DOES_NOT_EXIST']],
  },
  {
    script: 'metrics',
    why: 'The steps that are kept are the same for all runs, so that curves can be compared, and every run keeps its first and last point. They are found by seeking, without reading the history.',
    where: [
      ['thinned', 'answer.metrics[1].value', 0.2],
      ['thinned', 'answer.metrics[1].timestamp', 1004],
      ['thinned', 'answer.metrics[1].step', 4],
      ['thinned', 'answer.metrics[2].value', 0.1111111111111111],
      ['thinned', 'answer.metrics[2].timestamp', 1008],
      ['thinned', 'answer.metrics[2].step', 8],
      [
        'thinned, two runs',
        'answer.metrics',
        [
          { key: 'loss', value: 1, timestamp: 1000, step: 0, run_id: '{{first}}' },
          { key: 'loss', value: 0.2, timestamp: 1004, step: 4, run_id: '{{first}}' },
          { key: 'loss', value: 0.1111111111111111, timestamp: 1008, step: 8, run_id: '{{first}}' },
          { key: 'loss', value: 0.08333333333333333, timestamp: 1011, step: 11, run_id: '{{first}}' },
          { key: 'loss', value: 1, timestamp: 1000, step: 0, run_id: '{{second}}' },
          { key: 'loss', value: 0.14285714285714285, timestamp: 1006, step: 12, run_id: '{{second}}' },
          { key: 'loss', value: 0.1, timestamp: 1009, step: 18, run_id: '{{second}}' },
        ],
      ],
      ['thinned, between steps', 'answer.metrics[1].value', 0.14285714285714285],
      ['thinned, between steps', 'answer.metrics[1].timestamp', 1006],
      ['thinned, between steps', 'answer.metrics[1].step', 6],
      [
        'thinned, one point',
        'answer.metrics',
        [
          { key: 'loss', value: 1, timestamp: 1000, step: 0, run_id: '{{first}}' },
          { key: 'loss', value: 0.08333333333333333, timestamp: 1011, step: 11, run_id: '{{first}}' },
        ],
      ],
    ],
  },
  {
    script: 'search-runs',
    why: 'MLflow reads a filter that is cut off, or has two comparisons without AND, as if the rest were not there. It is refused here.',
    where: [
      ['bad filter metrics.acc > 0.1 metrics.acc < 1', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['bad filter metrics. = 1', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['bad filter AND', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['bad filter metrics.acc > 0.5 AND', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'search-runs',
    why: "Filters and orders take more here than MLflow's; nothing that MLflow understands means anything else.",
    where: [
      ["bad filter status IN ('FINISHED')", 'status', '200'],
      ['bad filter metrics.acc IS NULL', 'status', '200'],
      ['bad filter status IS NULL', 'status', '200'],
      ['bad filter 1 = 1', 'status', '200'],
      ['bad filter start_time IN (1, 2)', 'status', '200'],
      ["beyond MLflow metrics.acc > 0.5 OR status = 'FAILED'", 'status', '200'],
      ['beyond MLflow (metrics.acc > 0.5)', 'status', '200'],
      ["beyond MLflow NOT status = 'FAILED'", 'status', '200'],
      ["beyond MLflow params.model IN ('Forest', 'Tree_1')", 'status', '200'],
      ["beyond MLflow tags.team NOT IN ('ops')", 'status', '200'],
      ['bad order ', 'status', '200'],
      ['one experiment as bare text', 'status', '200'],
      [
        'an experiment as number',
        'answer.runs[].info.run_name',
        ['epsilon', "it's", 'delta', 'gamma', 'beta', 'alpha'],
      ],
    ],
  },
  {
    script: 'search-runs',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [['bad order metrics.acc and metrics.acc DESC', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'search-runs',
    why: 'MLflow takes what makes no sense and stores nothing, something else, or an empty name. A mistake is refused and named here.',
    where: [['a view that is none', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'inputs-and-logged-models',
    why: 'MLflow takes what makes no sense and stores nothing, something else, or an empty name. A mistake is refused and named here.',
    where: [
      ['a dataset without a name', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a dataset without its fields', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a state that is none', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['an output without a model', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'inputs-and-logged-models',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [
      ["models nonsense = 'x'", 'status', '400 INVALID_PARAMETER_VALUE'],
      ["models metrics.acc > 'x'", 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'inputs-and-logged-models',
    why: 'MLflow reads a filter that is cut off, or has two comparisons without AND, as if the rest were not there. It is refused here.',
    where: [['models name = forest', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'inputs-and-logged-models',
    why: "A dataset is meant with any digest where none is given, as MLflow's documentation says; its server compares with none.",
    where: [['models with a metric on a dataset', 'answer.models[].info.name', ['forest']]],
  },
  {
    script: 'inputs-and-logged-models',
    why: 'A page of no models is refused, and one of more than 1000.',
    where: [['too many models', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'logged-model-metrics',
    why: "A NaN stays one; MLflow's store makes it 0 for logged models, which is a value that nobody has logged.",
    where: [
      ['with all of them', 'answer.model.data.metrics[10].value', 'NaN'],
      ['a page with their points', 'answer.models[].data.metrics[0][10].value', 'NaN'],
      ['the deleted one', 'answer.model.data.metrics[10].value', 'NaN'],
      ['models with a NaN', 'answer.models[].info.name', []],
    ],
  },
  {
    script: 'logged-model-metrics',
    why: "A dataset is meant with any digest where none is given, as MLflow's documentation says; its server compares with none.",
    where: [
      ['models by a point on a dataset', 'answer.models[].info.name', ['a']],
      ['models of a dataset', 'answer.models[].info.name', ['a']],
    ],
  },
  {
    script: 'registry',
    why: 'Every answer of the API is JSON; no client reads this one.',
    where: [['a file of its model', 'answer', {}]],
  },
  {
    script: 'registry',
    why: "Versions say who registered them (`user_id`), and models' newest versions which aliases they have.",
    where: [
      ['a version', 'answer.model_version.user_id', '<prn>'],
      ['a second version', 'answer.model_version.user_id', '<prn>'],
      ['it is read by number', 'answer.model_version.user_id', '<prn>'],
      ['its description changes', 'answer.model_version.user_id', '<prn>'],
      ['the version of the alias', 'answer.model_version.user_id', '<prn>'],
      ['a stage', 'answer.model_version.user_id', '<prn>'],
      ['a stage without the flag', 'answer.model_version.user_id', '<prn>'],
      ['with all of it', 'answer.registered_model.latest_versions[0].user_id', '<prn>'],
      ['with all of it', 'answer.registered_model.latest_versions[1].user_id', '<prn>'],
      ['with all of it', 'answer.registered_model.latest_versions[1].aliases', ['champion']],
      ['a prompt has a version', 'answer.model_version.user_id', '<prn>'],
      ['the version of the prompt', 'answer.model_version.user_id', '<prn>'],
      ['a source in the run', 'answer.model_version.user_id', '<prn>'],
    ],
  },
  {
    script: 'registry',
    why: "A version has files of its own that never change: their place is the version's, not the run's.",
    where: [['where its files are', 'answer.artifact_uri', 'mlflow-artifacts:/model-versions/delay/1/artifacts']],
  },
  {
    script: 'registry',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [['others are archived for None', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'registry',
    why: "Filters and orders take more here than MLflow's; nothing that MLflow understands means anything else.",
    where: [
      ['models by creation_timestamp DESC', 'status', '200'],
      ['models by tags.team', 'status', '200'],
    ],
  },
  {
    script: 'registry',
    why: 'A page of no models is refused, and one of more than 1000.',
    where: [['no models on a page', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'registry',
    why: 'A number is a number: quoted ones are refused, as MLflow does for runs.',
    where: [["versions version_number = '1'", 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'registry',
    why: 'A prompt was made by no run; MLflow says so by an empty id.',
    where: [
      ['a prompt has a version', 'answer.model_version.run_id', null],
      ['the version of the prompt', 'answer.model_version.run_id', null],
    ],
  },
  {
    script: 'registry',
    why: 'A number of a version is never used again, also after its model was deleted and made anew.',
    where: [['a source in the run', 'answer.model_version.version', '4']],
  },
  {
    script: 'artifacts',
    why: 'Every answer of the API is JSON; no client reads this one.',
    where: [
      ['a file', 'answer', {}],
      ['a file in a folder', 'answer', {}],
      ['a file with a space in its name', 'answer', {}],
      ['an empty file', 'answer', {}],
    ],
  },
  {
    script: 'artifacts',
    why: 'A path has one form: `./` is left out of answers, empty parts and back-slashes are refused. A path is decoded once: `%2e%2e` is a name.',
    where: [
      ['files at %2e%2e/%2e%2e', 'status', '200'],
      ['files at ..\\..', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['files at ./model', 'answer.files[0].path', 'model/a b.txt'],
      ['files at ./model', 'answer.files[1].path', 'model/data'],
      ['files at model//data', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'artifacts',
    why: "A path that leads upward is refused also where MLflow would end in another run's folder.",
    where: [
      ['a file upward', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a file is written upward', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'artifacts',
    why: 'Uploads in parts work here with every store.',
    where: [['an upload in parts where the store has none', 'status', '200']],
  },
  {
    script: 'protocol',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [
      ['JSON that is a list', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['JSON that is a number', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'protocol',
    why: 'A method that a call does not have is a call that is not there.',
    where: [['a method that the call does not have', 'status', '404']],
  },
  {
    script: 'protocol',
    why: 'There is no language-model gateway, and projects are workspaces.',
    where: [
      ['what the server is', 'answer.workspaces_enabled', true],
      ['what the server is', 'answer.features_enabled.gateway', false],
    ],
  },
  {
    script: 'graphql',
    why: 'A field that is not there costs only what asks for it; MLflow gives nothing of the query.',
    where: [['a field that is not there', 'answer.data', { mlflowGetExperiment: null }]],
  },
  {
    script: 'graphql',
    why: 'A query that is too large or cannot be read is a mistake: 400, with the reason; MLflow says 200, and 500 for one that is cut off.',
    where: [
      ['eleven aliases', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['no query', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'graphql',
    why: 'What there is cannot be asked for.',
    where: [
      ['what there is', 'answer.data.__schema', null],
      [
        'what there is',
        'answer.errors',
        [
          "Cannot query field '__schema'. These are: mlflowGetExperiment, mlflowGetRun, mlflowGetMetricHistoryBulkInterval, mlflowListArtifacts, mlflowSearchModelVersions, mlflowSearchRuns, mlflowSearchDatasets.",
        ],
      ],
    ],
  },
  {
    script: 'evaluation-datasets',
    why: 'JSON that is text in an answer has no spaces, and its tags are in the order of their names where they were read; clients parse it.',
    where: [
      ['a dataset', 'answer.dataset.tags', '{"team":"ops","mlflow.user":"ann"}'],
      ['the dataset now', 'answer.dataset.profile', '{"num_records":3}'],
      [
        'the dataset now',
        'answer.dataset.schema',
        '{"inputs":{"q":"string","top":"integer"},"outputs":{"a":"string"},"expectations":{"a":"string","sure":"float","b":"array"},"version":"1.0"}',
      ],
      ['the dataset now', 'answer.dataset.tags', '{"mlflow.user":"ann","team":"ops"}'],
      ['the tags', 'answer.dataset.tags', '{"mlflow.user":"ann","n":"7","stage":"early"}'],
    ],
  },
  {
    script: 'evaluation-datasets',
    why: 'MLflow answers a mistake with 500, which its own client repeats for minutes. A mistake is 400 here.',
    where: [['records that are no JSON', 'status', '400 INVALID_PARAMETER_VALUE']],
  },
  {
    script: 'evaluation-datasets',
    why: 'A dataset that is not there has no records, and that is said.',
    where: [['records of one that is not there', 'status', '404 RESOURCE_DOES_NOT_EXIST']],
  },
  {
    script: 'trace-metrics',
    why: 'MLflow answers mistakes with 500, takes a view that does not exist for traces, or lets its database say what is missing. They are refused and named here.',
    where: [
      ['a percentile out of bounds', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a percentile without its number', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['a view that is none', 'status', '400 INVALID_PARAMETER_VALUE'],
      ['no numbers', 'status', '400 INVALID_PARAMETER_VALUE'],
    ],
  },
  {
    script: 'otel-usage',
    why: 'That a client has told all of a trace is kept, but not as a word among what it told.',
    where: [
      ['trace 6 as it is read', 'answer.trace.trace_info.trace_metadata.mlflow.trace.infoFinalized', null],
      ['trace 7 as it is read', 'answer.trace.trace_info.trace_metadata.mlflow.trace.infoFinalized', null],
    ],
  },
  {
    script: 'otel-usage',
    why: 'MLflow gives spans of plain OpenTelemetry a type when they are read, and counts none by it. Here they are counted by the type that they are read with.',
    where: [
      [
        '23: COUNT of span_count of SPANS',
        'answer.data_points',
        [
          { metric_name: 'span_count', dimensions: { span_type: 'CHAIN' }, values: { COUNT: 1 } },
          { metric_name: 'span_count', dimensions: { span_type: 'CHAT_MODEL' }, values: { COUNT: 1 } },
          { metric_name: 'span_count', dimensions: { span_type: 'UNKNOWN' }, values: { COUNT: 14 } },
        ],
      ],
    ],
  },
]
