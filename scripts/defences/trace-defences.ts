import { type Defence, defencesOf } from './defence.ts'

const scorers = ['protocols/mlflow/scorers.test.ts']
const files = ['protocols/mlflow/trace-files.test.ts']

/** What programs say of themselves: scorers, numbers over traces, and files of traces. */
export const traceDefences: readonly Defence[] = [
  ...defencesOf('capabilities/traces/scorers/check-scorer.ts', scorers, [
    [
      'a scorer brings no code to who loads it',
      'if (holdsCode(content, 0))',
      "if (holdsCode(content, 0) && name === '')",
      { hole: 'unsafe deserialization' },
    ],
    [
      'code deep inside of a scorer is code',
      'return Object.values(value).some((one) => holdsCode(one, depth + 1))',
      'return false',
      { hole: 'unsafe deserialization' },
    ],
    [
      'a scorer nests a bounded number of levels',
      'if (depth > deepest) throw',
      'if (depth > deepest * 1000) throw',
      { hole: 'denial of service' },
    ],
    [
      'a scorer has a bounded length',
      'if (text.length > longest)',
      'if (text.length > longest * 1000)',
      { hole: 'denial of service' },
    ],
    ['a scorer is JSON', 'if (content === undefined) throw traceErrors', "if (content === '') throw traceErrors"],
  ]),
  ...defencesOf('capabilities/traces/scorers/scorers.ts', scorers, [
    [
      'scorers of a project are bounded',
      '        await requireRoom(trx, project, Buffer.byteLength(content))\n',
      '        void requireRoom\n',
      { hole: 'denial of service' },
    ],
    [
      'scorers of another project are none',
      "      .where('s.project_id', '=', project)\n",
      '',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('protocols/mlflow/scorers.ts', scorers, [
    [
      'scorers are written by who may write runs',
      "'scorers/register', 'run:write'",
      "'scorers/register', 'run:read'",
      { hole: 'missing authorization' },
    ],
    [
      'scorers are deleted by who may write runs',
      "'scorers/delete', 'run:write'",
      "'scorers/delete', 'run:read'",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('protocols/mlflow/trace-metrics.ts', scorers, [
    [
      'numbers over traces have few filters',
      'if (filters.length > mostAsked) throw',
      'if (filters.length < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'numbers over traces have few aggregations',
      'if (aggregations.length > mostAsked)',
      'if (aggregations.length < 0)',
      { hole: 'denial of service' },
    ],
    [
      'numbers over traces are of few experiments',
      'if (experiments.length > mostExperiments)',
      'if (experiments.length < 0)',
      { hole: 'denial of service' },
    ],
    [
      'numbers over traces cut the time into few parts',
      '/ seconds > mostBuckets)',
      '/ seconds > mostBuckets * 1000)',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('capabilities/traces/metrics/metric-filter.ts', scorers, [
    [
      'a filter of numbers is read in a time that grows with its length',
      '\\s*(.*)$/is',
      '\\s*(.*?)\\s*$/is',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('capabilities/traces/trace-files.ts', files, [
    [
      'a file of a trace is asked for in its own experiment',
      'if (row?.experiment_id !== experiment) throw',
      'if (row === undefined) throw',
      { hole: 'name confusion' },
    ],
    [
      'a file of a trace, which nothing masks, is for who may see personal columns',
      "if (!permits(scope, 'data:read-personal') && (await maskOf(db.read, scope)).any)",
      "if (!permits(scope, 'run:read'))",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('protocols/mlflow/artifacts.ts', files, [
    [
      'files of traces are put by who may write',
      "const write = { access: 'run:write' as const",
      "const write = { access: 'run:read' as const",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('protocols/mlflow/single-files.ts', files, [
    [
      'an attachment of a trace is looked for among attachments',
      "path ? `attachments/${path}` : 'traces.json'",
      "path ? path : 'traces.json'",
      { hole: 'name confusion' },
    ],
  ]),
  ...defencesOf(
    'capabilities/traces/imported-digests.ts',
    ['capabilities/imports/imports.test.ts'],
    [
      [
        'digests of traces tell nobody what is masked for him',
        "if (!permits(scope, 'data:read-personal') && (await maskOf(deps.db.read, scope)).any)",
        "if (!permits(scope, 'run:read') && maskOf !== undefined)",
        { hole: 'missing authorization' },
      ],
    ],
  ),
]
