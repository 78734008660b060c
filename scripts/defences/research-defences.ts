import { type Defence, defencesOf } from './defence.ts'

const exploration = ['capabilities/exploration/exploration.test.ts']
const sql = ['capabilities/tracking/archive/query-runs.test.ts']
const parity = ['capabilities/registry/parity/parity.test.ts']
const imports = ['capabilities/imports/imports.test.ts']
const sets = ['protocols/mlflow/evaluation-datasets.test.ts']

/** What people make of runs: drafts, ideas, SQL, parity, and what is asked and brought in from outside. */
export const researchDefences: readonly Defence[] = [
  ...defencesOf('capabilities/exploration/run-notes.ts', exploration, [
    [
      'what is confirmed is what was read',
      'if (draft.digest !== input.digest) throw',
      'if (draft.digest === "") throw',
    ],
    [
      'what is removed for good takes its notes along',
      `    await trx.deleteFrom('run_note').where('project_id', '=', project).where(column, '=', id).execute()\n`,
      '    void column\n',
    ],
  ]),
  ...defencesOf('capabilities/exploration/run-explain.ts', exploration, [
    [
      'no more explanations at once than there is room for',
      'if (running >= most) throw',
      'if (running >= most * 1000) throw',
      { hole: 'denial of service' },
    ],
    ['an explanation that is done leaves its place', '    running -= 1\n', ''],
  ]),
  ...defencesOf('capabilities/exploration/exploration.ts', exploration, [
    [
      'drafts are read of runs of the project',
      "      await tracking.requireRun(scope, run)\n      return db.offload({\n        module: file('drafts-thread'),\n        name: 'runDraftBytes'",
      "      return db.offload({\n        module: file('drafts-thread'),\n        name: 'runDraftBytes'",
      { hole: 'missing authorization' },
    ],
    [
      'the frontier is of an experiment of the project',
      ': [await tracking.requireExperiment(scope, experiment)]',
      ': [{ id: experiment, name: "" }]',
      { hole: 'missing authorization' },
    ],
    [
      'a metric is explained of an experiment of the project',
      '      await tracking.requireExperiment(scope, experiment)\n      const input: ExplanationInput',
      '      const input: ExplanationInput',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/exploration/ideas.ts', exploration, [
    [
      'ideas of an experiment are bounded',
      'if (Number(n) >= mostIdeas) throw',
      'if (Number(n) < 0) throw',
      { hole: 'denial of service' },
    ],
    ['runs are linked all or none', 'for (const run of runs) await tracking.requireRun(scope, run)\n', ''],
  ]),
  ...defencesOf('capabilities/exploration/collect-velocity.ts', exploration, [
    [
      'figures of ideas are for those who may see the project',
      "states.filter((row) => holds(reader, row.project_id, 'metrics:read'))",
      'states.filter((row) => [holds, reader, row].length > 0)',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/archive/query-runs.ts', sql, [
    [
      'SQL over runs reads a bounded number of points',
      'if (points > most.points) throw',
      'if (points < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'SQL over runs reads a bounded number of rows',
      'if (rows > most.rows) throw',
      'if (rows < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'SQL over runs answers a bounded number of rows',
      'trusted: false, maxRows: mostRows }, { timeoutMs }',
      'trusted: false, maxRows: mostRows * 1000 }, { timeoutMs }',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('capabilities/registry/parity/test-parity.ts', parity, [
    [
      'code of a model is compared by those who may run code',
      "if ([own.ran, theirs?.ran].includes('python') && !permits(scope, 'code:execute'))",
      "if ([own.ran, theirs?.ran].includes('python') && !permits(scope, 'run:read'))",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/registry/parity/model-outputs.ts', parity, [
    [
      'what code of a model left is a file and no link',
      'if (!(await lstat(made)).isFile())',
      'if (!(await lstat(made)))',
      { hole: 'path traversal' },
    ],
  ]),
  ...defencesOf('capabilities/registry/parity/recorded-rows.ts', parity, [
    [
      'recorded rows are read by those who may',
      'if (!permits(scope, permission)) throw',
      "if (!permits(scope, 'project:read')) throw",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/imports/check-batch.ts', imports, [
    [
      'a batch holds a bounded number of points',
      'if (points > mostPoints) throw',
      'if (points < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'columns of a series are of one length',
      'if (steps.length !== timestamps.length || steps.length !== values.length)',
      'if (false as boolean)',
    ],
  ]),
  ...defencesOf('capabilities/traces/evaluation-sets/records.ts', sets, [
    ['tags of records are masked', 'tags: text(row.tags),', 'tags: row.tags,', { hole: 'missing authorization' }],
    [
      'outputs of records are masked',
      'outputs: text(row.outputs),',
      'outputs: row.outputs,',
      { hole: 'missing authorization' },
    ],
    [
      'where records came from is masked',
      'source: text(row.source),',
      'source: row.source,',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf(
    'protocols/mlflow/graphql-query.ts',
    ['protocols/mlflow/graphql.test.ts'],
    [
      [
        'values of a GraphQL query nest a bounded number of levels',
        'if (depth > graphqlLimits.depth) throw bad(`values',
        'if (depth > graphqlLimits.depth * 1000) throw bad(`values',
        { hole: 'denial of service' },
      ],
      [
        'a GraphQL query has a bounded number of words',
        'if (found.length > graphqlLimits.tokens) throw',
        'if (found.length < 0) throw',
        { hole: 'denial of service' },
      ],
    ],
  ),
]
