import { type Defence, defencesOf } from './defence.ts'

const reports = ['capabilities/reports/reports.test.ts']
const markdown = ['packages/contract/src/markdown.test.ts', ...reports]

/** What people write for each other: reports with their files, comments, and Markdown wherever it is shown. */
export const reportDefences: readonly Defence[] = [
  ...defencesOf('capabilities/reports/export-page.ts', reports, [
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
  ...defencesOf(
    'packages/contract/src/git-links.ts',
    ['packages/contract/src/git-links.test.ts'],
    [
      [
        'a host that only begins like a known one is none',
        'if (Object.keys(publicHosts).some((known) => name.startsWith(`${known}.`))) return undefined',
        '',
        { hole: 'name confusion' },
      ],
      [
        'a path of a repository leads nowhere else',
        "if (part === '' || part === '.' || part === '..' ||",
        "if (part === '' ||",
        { hole: 'path traversal' },
      ],
      [
        'a part of a path of a repository holds no slash of its own',
        ' || /[\\u0000-\\u001f\\u007f/\\\\]/.test(part)',
        '',
        { hole: 'path traversal' },
      ],
      [
        'only the name of a commit becomes part of a link',
        '/^[0-9a-f]{7,64}$/.test(name) ? name : undefined',
        'name',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'the address of a repository is shown without its password',
        "remote.replace(/^([a-z+]+:\\/\\/)[^/]*@/i, '$1')",
        'remote',
      ],
    ],
  ),
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
      defencesOf('packages/contract/src/reports.ts', reports, [
        [
          `${operation} is for those who may write reports`,
          `permission: 'report:write',\n  schema: {\n    operationId: '${operation}'`,
          `permission: 'report:read',\n  schema: {\n    operationId: '${operation}'`,
          { hole: 'missing authorization' },
        ],
      ]),
  ),
  ...defencesOf('capabilities/reports/comments.ts', reports, [
    [
      'a comment is about a passage that is there',
      'if (!anchor) throw reportErrors.NO_PASSAGE(version, passage)',
      '',
      { hole: 'name confusion' },
    ],
  ]),
  ...defencesOf(
    'packages/contract/src/report-passages.ts',
    ['packages/contract/src/report-passages.test.ts'],
    [
      [
        'passages are looked through once for all comments',
        'const found = places.get(keyOf(anchor)) ?? []',
        'const found = passages.flatMap((one, at) => (keyOf(one) === keyOf(anchor) ? [at] : []))',
        { hole: 'denial of service' },
      ],
      [
        'a long passage is not kept with each comment',
        'if (text.length <= longestAnchor) return text',
        'if (text !== "") return text',
        { hole: 'denial of service' },
      ],
      [
        'a comment does not stay with another long passage',
        'const end = `… ${text.length} ${digest.toString(16)}`',
        'const end = `… ${text.length}`',
        { hole: 'name confusion' },
      ],
    ],
  ),
]
