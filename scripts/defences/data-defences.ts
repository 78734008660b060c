import { type Defence, defencesOf } from './defence.ts'

const personal = ['capabilities/access/personal-columns.test.ts']
const windows = ['capabilities/monitoring/window-details.test.ts']
const holes = 'peer-holes.test.ts'
const isolation = 'route-isolation.test.ts'

/** What of data leaves and enters: personal columns, rows, paths, content, SQL of people. */
export const dataDefences: readonly Defence[] = [
  ...defencesOf('capabilities/access/personal-columns.ts', personal, [
    [
      'personal columns are masked',
      `permits(scope, 'data:read-personal') ? open`,
      `permits(scope, 'project:read') ? open`,
    ],
    [
      'a column is the same in upper case',
      'const name = column.toLowerCase()\n    return names.has(name) || names.has(plainName(name))',
      "return names.has(column) || names.has(column.replace(/^(input|feature|output)\\./, ''))",
    ],
    [
      'an expression names what it is made of',
      'return [...names].some((name) =>',
      'return [...names].every((name) => name === text &&',
    ],
  ]),
  ...defencesOf('capabilities/datasets/datasets.ts', personal, [
    [
      'statistics are masked',
      '      const mask = await maskOf(db.read, scope)\n      return {\n        ...found,',
      '      const mask = await personalMask(db.read, "")\n      return {\n        ...found,',
    ],
    [
      'results of checks are masked',
      'checks: maskChecks(await maskOf(db.read, scope), JSON.parse(row.check_results) as DatasetCheckResult[]),',
      'checks: JSON.parse(row.check_results) as DatasetCheckResult[],',
    ],
  ]),
  ...defencesOf('capabilities/datasets/add-version.ts', personal, [
    [
      'what is written for everybody is masked for everybody',
      'await personalMask(deps.db.read, scope.project)',
      'await personalMask(deps.db.read, "")',
    ],
  ]),
  ...defencesOf('capabilities/features/features.ts', personal, [
    [
      'features of personal columns are masked',
      'const mask = await maskOf(db.read, scope)\n    if (!mask.any)',
      'const mask = await maskOf(db.read, scope)\n    if (mask)',
    ],
  ]),
  ...defencesOf('capabilities/features/declare-view.ts', personal, [
    [
      'who may not see a personal column makes no view of it visible',
      'if (before.some((one) => own.has(one) && !definition.personal?.includes(one)))',
      'if (false as boolean)',
    ],
  ]),
  ...defencesOf(
    'capabilities/features/features.ts',
    ['capabilities/features/subject-data.test.ts'],
    [
      [
        'pushed rows are sealed',
        'const sealing = row.seals === null ? undefined : await sealingOfView(db.read, project, view, definition)',
        'const sealing = undefined as ViewSealing | undefined',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/features/subject-data.ts',
    ['capabilities/features/subject-data.test.ts'],
    [
      [
        'an erasure destroys the copy of the key in the online store',
        'if (keyId !== undefined) online.forget(project, await subjects.keysOf(project, [keyId]))',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/features/gateway-lookup.ts',
    ['capabilities/features/subject-data.test.ts'],
    [
      [
        'the gateway puts no default in the place of a value that it cannot open',
        'throw peopleErrors.KEYS_NOT_HERE(view.name)',
        'void peopleErrors',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/outcomes/commit-ledgers.ts',
    ['capabilities/outcomes/sealed-labels.test.ts'],
    [['labels are sealed', 'seal: (rows, to) => sealLabels(deps, { project, deployment }, rows, to),', '']],
  ),
  ...defencesOf(
    'kernel/ledger/ingest-ledger.ts',
    ['kernel/ledger/ledger.test.ts'],
    [['what was sealed is blank in its segment', 'if (changed) await blankCommitted(paths.ledgers, batch)', '']],
  ),
  ...defencesOf(
    'capabilities/datasets/routes.ts',
    ['capabilities/datasets/sealed-versions.test.ts'],
    [
      [
        'an upload is let go once its rows are sealed',
        'if (query.upload !== undefined && added.version.sealed.length > 0)',
        'if (false as boolean)',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/outcomes/shown-prediction.ts',
    ['capabilities/access/personal-columns.test.ts', 'capabilities/outcomes/outcomes.test.ts'],
    [
      [
        'values of predictions are for those who may read rows',
        `return permits(scope, 'data:read-rows')`,
        `return permits(scope, 'project:read')`,
      ],
      [
        'inputs of predictions are for those who may read rows',
        '? { ...shown, inputs: {}, features: {}, labels: [] }',
        '? shown',
      ],
    ],
  ),
  ...defencesOf('capabilities/monitoring/monitoring.ts', windows, [
    [
      'slices of windows are masked',
      'return found.map((one) => shownSlice(mask, one))',
      'return found.map((one) => (void mask, one))',
    ],
    [
      'distributions of windows are masked',
      'const hidden = (await maskOf(db.read, scope)).hides(feature)',
      'const hidden = (await maskOf(db.read, scope)).hides("")',
    ],
  ]),
  ...defencesOf('capabilities/monitoring/shown-details.ts', windows, [
    ['details of windows are masked', 'const hidden = mask.hides(one.feature)', 'const hidden = false'],
    [
      'examples of windows are for those who may read rows',
      `const rows = permits(scope, 'data:read-rows')`,
      `const rows = permits(scope, 'project:read')`,
    ],
  ]),
  ...defencesOf(
    'capabilities/evaluation/evaluations.ts',
    ['capabilities/evaluation/evaluation.test.ts'],
    [
      [
        'slices of evaluations are masked',
        'maskEvaluation(await maskOf(db.read, scope), await presentOne(await require(scope, id)))',
        'presentOne(await require(scope, id))',
      ],
    ],
  ),
  ...defencesOf('capabilities/pipelines/routes.ts', personal, [
    [
      'files of steps are kept from those who may see no personal column',
      `if (await pipelines.mayHoldPersonal(scope)) requirePermission`,
      'if (false as boolean) requirePermission',
    ],
    [
      'files of steps are sent in a sandbox',
      `      .header('content-security-policy', 'sandbox')\n`,
      '',
      { hole: 'stored scripts', tests: ['capabilities/pipelines/runs.test.ts'] },
    ],
  ]),
  ...defencesOf(
    'capabilities/pipelines/save-pipeline.ts',
    ['capabilities/pipelines/save-pipeline.test.ts'],
    [
      [
        'code is brought by those who may',
        `if (runsCode({ kinds }, definition)) requirePermission`,
        'if (false as boolean) requirePermission',
      ],
      [
        'secrets are named by those who may use them',
        `if (secretReferences(definition).length > 0) requirePermission`,
        'if (false as boolean) requirePermission',
        { tests: ['capabilities/pipelines/secrets.test.ts'] },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/pipelines/runs/start-run.ts',
    ['capabilities/pipelines/save-pipeline.test.ts'],
    [
      [
        'code is started by those who may',
        `if (runsCode(engine, version.definition)) requirePermission`,
        'if (false as boolean) requirePermission',
      ],
      [
        'runs with secrets are started by those who may use them',
        `if (secretReferences(version.definition).length > 0) requirePermission`,
        'if (false as boolean) requirePermission',
        { tests: ['capabilities/pipelines/secrets.test.ts'] },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/pipelines/runs/repeat-run.ts',
    ['capabilities/pipelines/save-pipeline.test.ts'],
    [
      [
        'code is started again by those who may',
        `if (runsCode(engine, version.definition)) requirePermission`,
        'if (false as boolean) requirePermission',
      ],
      [
        'runs with secrets are repeated by those who may use them',
        `if (secretReferences(version.definition).length > 0) requirePermission`,
        'if (false as boolean) requirePermission',
        { tests: ['capabilities/pipelines/secrets.test.ts'] },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/artifact-path.ts',
    ['capabilities/tracking/artifact-path.test.ts', holes],
    [
      [
        'a path of an artifact has no dots',
        `s === '' || s === '.' || s === '..' || `,
        `s === '' || `,
        { hole: 'path traversal' },
      ],
      [
        'a path of an artifact has no control characters and no back-slashes',
        ' || /[\\p{Cc}\\\\]/u.test(s)',
        '',
        { hole: 'path traversal' },
      ],
      ['a path of an artifact has a length', 'path.length > longest || ', '', { hole: 'denial of service' }],
      [
        'an address of an artifact has neither query nor fragment',
        '|| /[?#]/.test(uri)',
        '',
        { hole: 'path traversal' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/send-artifact.ts',
    [holes, 'protocols/mlflow/mlflow.test.ts'],
    [
      [
        'what a browser would run is sent as text',
        `    extension === '.html' ||\n    extension === '.htm' ||\n    extension === '.svg' ||`,
        `    extension === '.htm' ||`,
        { hole: 'stored scripts' },
      ],
      [
        'artifacts are sent in a sandbox',
        `    .header('content-security-policy', "sandbox; default-src 'none'")\n`,
        '',
        { hole: 'stored scripts' },
      ],
      ['artifacts are sent as downloads', '`attachment; filename="', '`inline; filename="', { hole: 'stored scripts' }],
      ['a range is inside of the file', `start > end || start >= size ? 'outside'`, `start > end + 1e15 ? 'outside'`],
      ['a name of a file is no header', ".replaceAll(/[^\\x20-\\x7e]|[\"\\\\]/g, '_')", '', { hole: 'name confusion' }],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/artifacts.ts',
    [isolation, 'protocols/mlflow/mistakes.test.ts', 'protocols/mlflow/mlflow.test.ts'],
    [
      [
        'an artifact is found under its own experiment only',
        'if (experiment !== undefined && row.experiment_id !== experiment)',
        'if (false as boolean)',
        { hole: 'name confusion' },
      ],
      [
        'a path is a file or a folder',
        'if (found) throw trackingErrors.ARTIFACT_IN_THE_WAY',
        'if (false as boolean) throw trackingErrors.ARTIFACT_IN_THE_WAY',
        { hole: 'file write', tests: ['capabilities/tracking/tracking.test.ts'] },
      ],
    ],
  ),
  ...defencesOf(
    'kernel/blobs/verify-content.ts',
    ['drivers/blob-local/blob-local.test.ts'],
    [
      [
        'a digest is a digest and no path',
        'if (!/^[0-9a-f]{64}$/.test(digest)) throw',
        'if (false as boolean) throw',
        { hole: 'path traversal' },
      ],
      [
        'damaged content of an object store is never served whole',
        'if (found === expected.digest) return done(null, held)',
        'if (found !== "") return done(null, held)',
        { tests: ['drivers/blob-s3/blob-s3.test.ts'] },
      ],
      [
        'content is what was announced',
        'if (expected.digest !== undefined && expected.digest !== found.digest)',
        'if (false as boolean)',
        { hole: 'name confusion' },
      ],
      [
        'content is as long as was announced',
        'if (expected.size !== undefined && expected.size !== found.size)',
        'if (false as boolean)',
      ],
      [
        'a range is inside of the content',
        'if (range && (range.start < 0 || range.start > range.end || range.end >= size))',
        'if (range && range.start < -1)',
      ],
    ],
  ),
  ...defencesOf(
    'kernel/blobs/stored-file.ts',
    ['kernel/blobs/stored-file.test.ts', 'drivers/blob-local/blob-local.test.ts'],
    [['damaged content is never served whole', 'if (found === digest) return', 'if (found !== "") return']],
  ),
  ...defencesOf(
    'kernel/blobs/verified-files.ts',
    ['drivers/blob-local/blob-local.test.ts'],
    [['ranges of damaged content are not served', 'if (found !== content.digest) {', 'if (found === "") {']],
  ),
  ...defencesOf(
    'drivers/blob-local/blob-local.ts',
    ['drivers/blob-local/blob-local.test.ts', 'capabilities/storage/storage.test.ts'],
    [
      [
        'a directory of another instance is not written to',
        'if (owner !== instance) throw',
        'if (false as boolean) throw',
        { hole: 'bucket squatting' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/blob-local/write-file.ts',
    ['drivers/blob-local/write-file.test.ts', 'drivers/blob-local/blob-local.test.ts'],
    [
      [
        'stored content is not written again',
        `open(path, 'wx', 0o440)`,
        `open(path, 'wx', 0o666)`,
        { hole: 'temporary files' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/blob-s3/blob-s3.ts',
    ['drivers/blob-s3/blob-s3.test.ts'],
    [
      [
        'a bucket of another instance is not written to',
        '    if (owner !== instance)\n',
        '    if (false as boolean)\n',
        { hole: 'bucket squatting' },
      ],
      [
        'a bucket that holds things of others is not taken',
        '        if (other !== key)\n',
        '        if (other === "")\n',
        { hole: 'bucket squatting' },
      ],
      [
        'a bucket is claimed before the first write',
        `if (!owned) throw new Error`,
        'if (false as boolean) throw new Error',
        { hole: 'bucket squatting' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/storage/collect.ts',
    ['capabilities/storage/storage.test.ts'],
    [
      ['content that was just put is not collected', 'if (content.at > now - graceMs)', 'if (content.at > now + 1e15)'],
      ['content that somebody holds is not collected', 'if (held.has(keyOf(content))) continue', ''],
      ['content that was set aside and is held comes back', 'if (held.has(keyOf(aside))) {', 'if (held.has("")) {'],
      ['what holds content holds it in its own project', `      .where('project_id', '=', project)\n`, ''],
    ],
  ),
  ...defencesOf(
    'drivers/tables-duckdb/allowed-path.ts',
    ['drivers/tables-duckdb/hostile-sql.test.ts', 'drivers/tables-duckdb/table-engine.test.ts'],
    [
      [
        'the table engine opens what is in its folders',
        'if (!dirs.some(',
        'if (false && !dirs.some(',
        { hole: 'path traversal' },
      ],
      [
        'the table engine takes plain paths',
        'if (!isAbsolute(path) || resolve(path) !== path)',
        'if (false as boolean)',
        { hole: 'path traversal' },
      ],
      [
        'the table engine takes no wildcards',
        'if (/[*?[\\]]/.test(path))',
        'if (false as boolean)',
        { hole: 'path traversal' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/tables-duckdb/check-statement.ts',
    ['drivers/tables-duckdb/hostile-sql.test.ts', 'drivers/tables-duckdb/table-engine.test.ts'],
    [
      [
        'SQL of people is one statement',
        'if (statements.length !== 1) throw',
        'if (false as boolean) throw',
        { hole: 'SQL injection' },
      ],
      [
        'SQL of people calls no function that tells of the server',
        'if (forbiddenFunctions.has(name)) throw',
        'if (false as boolean) throw',
        { hole: 'SQL injection' },
      ],
      [
        'SQL of people reads no files',
        'if (!tableFunctions.has(name)) throw',
        'if (false as boolean) throw',
        { hole: 'SQL injection' },
      ],
      [
        'SQL of people reads the tables that it was given',
        'if (node.schema_name || node.catalog_name || !known.has(name.toLowerCase())) {',
        'if (false as boolean) {',
        { hole: 'SQL injection' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/archived-points.ts',
    ['capabilities/tracking/archive/metric-archive.test.ts'],
    [
      [
        'a point that is in a file is not stored again',
        'return own.filter((point) => !found.has(idOf(point)))',
        'return own',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/archive-run.ts',
    ['capabilities/tracking/archive/metric-archive.test.ts'],
    [
      [
        'a file of points counts when it agrees with what was counted',
        'if (!isWhole(before, keys)) return undefined',
        'if (false as boolean) return undefined',
      ],
      [
        'points that come while a file is written are not left behind',
        'return JSON.stringify(await stateOf(reader, project, run)) === JSON.stringify(before)',
        'return true',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/metric-places.ts',
    ['capabilities/tracking/archive/metric-archive.test.ts'],
    [
      [
        'what is read while points leave the table is not used',
        'return (await isArchived(db, query)) ? elsewhere : answer',
        'return answer',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/metric-reads.ts',
    ['capabilities/tracking/archive/metric-archive.test.ts'],
    [
      [
        'what is read while late points join a file is read again',
        'const isSteady = layout(before) === layout(after)',
        'const isSteady = true as boolean',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/query-rows-thread.ts',
    ['capabilities/tracking/archive/query-runs.test.ts'],
    [
      [
        'SQL over runs sees this project alone',
        `some = select.where('run.project_id', '=', scope.project).where('run.lifecycle'`,
        `some = select.where('run.lifecycle'`,
        { hole: 'missing authorization' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/tracking/archive/query-runs.ts',
    ['capabilities/tracking/archive/query-runs.test.ts'],
    [
      [
        'SQL over runs is SQL of people',
        '{ sql: query, relations, trusted: false, maxRows: mostRows },',
        '{ sql: query, relations, trusted: true, maxRows: mostRows },',
        { hole: 'SQL injection' },
      ],
      [
        'no more queries over runs at once than there is room for',
        'if (running >= atOnce) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'kernel/http/create-http.ts',
    ['overload.test.ts'],
    [['whoever logs too much is told to slow down', 'isAskedToSlowDown ? 429 : status', 'status']],
  ),
]
