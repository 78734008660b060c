import { type Defence, defencesOf } from './defence.ts'

const capabilities = 'packages/server/src/capabilities'
const records = ['capabilities/tracking/run-records.test.ts']
const reports = ['capabilities/reports/reports.test.ts']
const exploration = ['capabilities/exploration/exploration.test.ts']
const markdown = ['packages/contract/src/markdown.test.ts', ...reports]
const sql = ['capabilities/tracking/archive/query-runs.test.ts']
const parity = ['capabilities/registry/parity/parity.test.ts']
const imports = ['capabilities/imports/imports.test.ts']
const sets = ['protocols/mlflow/evaluation-datasets.test.ts']
const contract = 'packages/contract/src'

/** What runs leave in words, and what people make of them: consoles, sources, the archive, reports, drafts, ideas, SQL, parity, what terminals show. */
export const researchDefences: readonly Defence[] = [
  ...defencesOf('capabilities/tracking/run-console.ts', records, [
    ['a console holds a bounded text', '    if (left < 0) {', '    if (left < -1e12) {', { hole: 'denial of service' }],
    [
      'a console that is full takes no more',
      'if (last?.is_full === 1) return { next, full: true, changed: false }',
      '',
      { hole: 'denial of service' },
    ],
    ['a line of a console that is there stays as it is', 'lines.slice(next - first)', 'lines'],
    ['a console has no gap', 'if (first > next) throw', 'if (first < 0) throw'],
    [
      'lines are added to a run of the project that is in use',
      '    await requireActiveRun(trx, project, run)\n',
      '',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/run-console-thread.ts', records, [
    [
      'a console of another project is none',
      `  await requireRun(db, input.project, input.run)\n  const { total, full }`,
      '  const { total, full }',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/run-routes.ts', records, [
    [
      'a console is downloaded, never opened as a page',
      `.header('content-disposition', \`attachment; filename="console-\${params.run.slice(0, 12)}.txt"\`)`,
      '',
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf(
    'capabilities/secrets/mask-run-calls.ts',
    ['capabilities/secrets/secrets.test.ts'],
    [
      [
        'what a step writes with the token of its run is masked',
        'request.body = mask.json(body)',
        'request.body = body',
      ],
      [
        'a file with a secret in it is not stored',
        'request.body = mask.guard(body, (name) => secretErrors.IN_CONTENT(name))',
        'request.body = body',
      ],
    ],
  ),
  ...defencesOf(
    'packages/cli/src/shown-text.ts',
    ['packages/cli/src/shown-text.test.ts'],
    [
      [
        'what others wrote commands no terminal',
        "if (looks.test(found[1] ?? '')) shown += found[0]",
        'shown += found[0]',
        { hole: 'command injection' },
      ],
      [
        'a terminal is not told by single characters either',
        "return shown + text.slice(from).replaceAll(controls, '')",
        'return shown + text.slice(from)',
        { hole: 'command injection' },
      ],
    ],
  ),
  ...defencesOf(
    'packages/cli/src/command.ts',
    ['packages/cli/src/shown-text.test.ts'],
    [
      [
        'answers are shown without what a terminal obeys',
        'shownText(text(value))',
        '(void shownText, text(value))',
        { hole: 'command injection' },
      ],
    ],
  ),
  ...defencesOf(
    'packages/web/src/ui/terminal-text.ts',
    ['packages/web/src/ui/terminal-text.test.ts'],
    [
      [
        'a console in the browser turns no text around',
        "const text = piece.replaceAll(controls, '')",
        'const text = piece',
        { hole: 'stored scripts' },
      ],
    ],
  ),
  ...defencesOf('capabilities/tracking/run-sources.ts', records, [
    [
      'a file of sources that is read has a bounded size',
      'if (file.size > most.fileBytes) {',
      'if (file.size < 0) {',
      { hole: 'denial of service' },
    ],
    [
      'sources that are compared have a bounded size',
      '...(room < 0 ? { before: null, after: null } : { before, after })',
      '...{ before, after }',
      { hole: 'denial of service' },
    ],
    [
      'what a client wrote as sources is checked',
      'if (schema === undefined || values().Check(schema, value)) return value as T',
      'if (values() !== undefined) return value as T',
      { hole: 'unsafe deserialization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/run-archive.ts', records, [
    ['runs are archived all or none', 'if (missing !== undefined) throw', 'if (missing === "") throw'],
  ]),
  ...defencesOf(`${capabilities}/reports/export-page.ts`, reports, [
    [
      'elements that people write are text in a file of a report',
      `    .replaceAll('<', '&lt;')\n`,
      '',
      { hole: 'stored scripts' },
    ],
    [
      'quotes that people write end no attribute of a file',
      `    .replaceAll('"', '&quot;')\n`,
      '',
      { hole: 'stored scripts' },
    ],
    [
      'a file of a report loads nothing',
      "`default-src 'none'; style-src",
      '`default-src *; style-src',
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('capabilities/reports/routes.ts', reports, [
    [
      'a file of a report stands in a sandbox',
      '`sandbox; ${exportPolicy}`',
      'exportPolicy',
      { hole: 'stored scripts' },
    ],
    [
      'a file of a report is downloaded',
      `.header('content-disposition', \`attachment; filename="\${name}"\`)`,
      `.header('content-disposition', \`inline; filename="\${name}"\`)`,
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('capabilities/reports/markdown-html.ts', reports, [
    [
      'links of a file lead to the web only',
      'return /^https?:/i.test(part.href)',
      "return part.href !== ''",
      { hole: 'foreign pages and hosts' },
    ],
    [
      'words of a report are text in its file',
      "      switch (part.type) {\n        case 'text':\n          return escapeHtml(part.text)",
      "      switch (part.type) {\n        case 'text':\n          return part.text",
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('capabilities/reports/export-report.ts', reports, [
    [
      'the title of a report is text in its file',
      '<h1>${escapeHtml(report.title)}</h1>',
      '<h1>${report.title}</h1>',
      { hole: 'stored scripts' },
    ],
    [
      'a file of a report holds a bounded number of panels',
      'panels.size < mostPanels\n',
      'panels.size < mostPanels * 1000\n',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('capabilities/reports/panel-html.ts', reports, [
    [
      'values of runs are text in a file',
      "`<td>${escapeHtml(value ?? '–')}</td>`",
      "`<td>${value ?? '–'}</td>`",
      { hole: 'stored scripts' },
    ],
    [
      'names of runs are text in a drawing',
      '<title>${escapeHtml(point.name)}</title>',
      '<title>${point.name}</title>',
      { hole: 'stored scripts' },
    ],
  ]),
  ...defencesOf('packages/contract/src/markdown-inline.ts', markdown, [
    [
      'a link of Markdown leads to no other scheme and no other host',
      "if (address.startsWith('//') || /^[^/?#]*:/.test(address)) return undefined",
      "if (address.startsWith('//')) return undefined",
      { hole: 'stored scripts' },
    ],
    [
      'a link of Markdown hides its scheme behind no character',
      "if (address === '' || address.length > 2000 || /[\\u0000-\\u0020\\u007f\\\\]/.test(address)) return undefined",
      "if (address === '' || address.length > 2000) return undefined",
      { hole: 'stored scripts' },
    ],
    [
      'a picture of Markdown is not loaded',
      'at += 1 // a picture is a link to it',
      "plain += '<img>'\n      at += 1 // a picture is a link to it",
      { hole: 'foreign pages and hosts' },
    ],
  ]),
  ...defencesOf('capabilities/reports/read-panel.ts', reports, [
    [
      'a report shows no view that is somebody’s own',
      'views.find((one) => one.shared && one.name === panel.view)',
      'views.find((one) => one.name === panel.view)',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/reports/mentions.ts', reports, [
    [
      'a report names things of its own project only',
      'if (parts?.project === project && found.size < most)',
      'if (parts && found.size < most)',
    ],
  ]),
  ...defencesOf('capabilities/reports/read-reports.ts', reports, [
    [
      'a report of another project is none',
      `    .selectFrom('report')\n    .selectAll()\n    .where('project_id', '=', project)\n    .where('id', '=', id)`,
      `    .selectFrom('report')\n    .selectAll()\n    .where('id', '=', id)`,
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/reports/save-reports.ts', reports, [
    ['nobody overwrites what was saved meanwhile', `    .where('version', '=', after)\n`, ''],
    [
      'reports of a project are bounded',
      'if (Number(count) >= mostReports) throw',
      'if (Number(count) < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'versions of a report are bounded',
      'if (after >= mostVersions) throw',
      'if (after < 0) throw',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('capabilities/reports/comments.ts', reports, [
    [
      'comments of a report are bounded',
      'if (Number(count) >= mostComments) throw',
      'if (Number(count) < 0) throw',
      { hole: 'denial of service' },
    ],
  ]),
  ...['createReport', 'saveReport', 'restoreReport', 'deleteReport', 'commentReport', 'resolveReportComment'].flatMap(
    (operation) =>
      defencesOf(`${contract}/reports.ts`, reports, [
        [
          `${operation} is for those who may write reports`,
          `permission: 'report:write',\n  schema: {\n    operationId: '${operation}'`,
          `permission: 'report:read',\n  schema: {\n    operationId: '${operation}'`,
          { hole: 'missing authorization' },
        ],
      ]),
  ),
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
