import { type Defence, defencesOf } from './defence.ts'

const sheets = ['capabilities/datasets/sheet/data-sheet.test.ts']
const archive = ['capabilities/tracking/archive-policy/archive-policy.test.ts']
const hooks = ['protocols/mlflow/webhooks.test.ts']
const pages = ['protocols/mlflow/deep-pages.test.ts']
const tables = ['capabilities/tracking/run-tables/compare-tables.test.ts']

/** What a project keeps of itself: data sheets, the archive, tables side by side, events of MLflow, pages of its models; and how its server stops. */
export const projectDefences: readonly Defence[] = [
  ...defencesOf('capabilities/datasets/sheet/sheet-parts.ts', sheets, [
    [
      'nobody overwrites what was written in a data sheet meanwhile',
      'if ((newest?.revision ?? 0) !== after)',
      'if ((newest?.revision ?? 0) < 0)',
    ],
  ]),
  ...defencesOf('capabilities/datasets/sheet/sheet-markdown.ts', sheets, [
    [
      'names and values make no markup in a data sheet',
      '.replaceAll(/[\\\\`*_{}[\\]<>#|!~]/g, String.raw`\\$&`)',
      '',
      { hole: 'stored scripts' },
    ],
    [
      'names and values stay in their line of a data sheet',
      "text.replaceAll(/\\s+/g, ' ')",
      'text',
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('capabilities/datasets/sheet/sheet-routes.ts', sheets, [
    [
      'a data sheet is downloaded, never opened as a page',
      '`attachment; filename="${name}"`',
      '`inline; filename="${name}"`',
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('packages/contract/src/data-sheets.ts', sheets, [
    [
      'data sheets are written by who may write datasets',
      "permission: 'dataset:write',",
      "permission: 'dataset:read',",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('packages/contract/src/archive-policy.ts', archive, [
    [
      'a policy of the archive is set by who may administer the project',
      "permission: 'project:admin',",
      "permission: 'run:read',",
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/archive-policy/old-runs-thread.ts', archive, [
    ['pinned runs stay out of the archive', "kept: pinned !== null ? 'pinned' :", 'kept:'],
  ]),
  ...defencesOf('capabilities/tracking/archive-policy/archive-policy.ts', archive, [
    [
      'the best runs stay out of the archive',
      'const best = new Set(byValue ? await',
      "const best = new Set(byValue && project === '' ? await",
    ],
    ['runs that are cited stay out of the archive', "? ('cited' as const)", '? null'],
  ]),
  ...defencesOf('capabilities/tracking/run-tables/compare-tables.ts', tables, [
    [
      'tables are compared of runs of the project',
      '  for (const run of runs) found.push(await requireRun(deps.db.read, project, run))\n',
      '  for (const run of runs) found.push({ id: run, name: run, requireRun })\n',
      { hole: 'missing authorization' },
    ],
    ['a path of a table is checked', '  artifactPath(path)\n', '  void artifactPath\n', { hole: 'path traversal' }],
  ]),
  ...defencesOf('capabilities/tracking/run-tables/table-files.ts', tables, [
    [
      'a table that is compared has a bounded size',
      'if (file.size > most) return',
      'if (file.size < 0) return',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('protocols/mlflow/webhook-message.ts', hooks, [
    [
      'a prompt is not told as a model',
      "const isPrompt = tags.some(({ key, value }) => key === promptTag && value === 'true')",
      'const isPrompt = tags.length < 0',
      { hole: 'name confusion' },
    ],
    [
      'a tag of a model is told to nobody who asked for tags of prompts',
      "return isPrompt ? tagMessage(trx, event, { entity: 'PROMPT_TAG', name }) : undefined",
      "return tagMessage(trx, event, { entity: 'PROMPT_TAG', name })",
      { hole: 'name confusion' },
    ],
  ]),
  ...defencesOf('capabilities/webhooks/mlflow-receivers.ts', hooks, [
    [
      'a webhook of MLflow is made for addresses outside only',
      "    create: async (scope, input) => {\n      await egress.check('webhooks', input.url)\n",
      '    create: async (scope, input) => {\n',
      { hole: 'server-side requests' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/page-place.ts', pages, [
    [
      'a token of pages is of the search that it came from',
      "if (kind === 'place' && of === fingerprint(query) && values.length > 0 && fits)",
      "if (kind === 'place' && values.length > 0 && fits)",
      { hole: 'name confusion' },
    ],
    [
      'a token of pages is one that was made here',
      "if (kind === 'place' && of === fingerprint(query) && values.length > 0 && fits) return",
      "if (kind !== '') return",
      { hole: 'unsafe deserialization' },
    ],
  ]),
  ...defencesOf(
    'kernel/http/close-http.ts',
    ['kernel/http/http.test.ts'],
    [
      [
        'a request without end does not keep a server from stopping',
        '() => app.server.closeAllConnections(), afterMs',
        '() => app.server.closeIdleConnections(), afterMs',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/sqlite/reader-threads.ts',
    ['drivers/sqlite/bounded-queues.test.ts'],
    [
      [
        'a statement without end does not keep a server from stopping',
        'if (!ended) process.once',
        'if (ended === undefined) process.once',
        { hole: 'denial of service' },
      ],
    ],
  ),
]
