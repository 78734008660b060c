import { type Defence, defencesOf } from './defence.ts'

const records = ['capabilities/tracking/run-records.test.ts']
const histograms = ['capabilities/tracking/histograms/histograms.test.ts']
const replay = ['capabilities/tracking/replay/replay.test.ts']

/** What runs leave in words: consoles, sources, the archive, and what terminals show of them. */
export const runRecordDefences: readonly Defence[] = [
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
  ...defencesOf('capabilities/tracking/run-references.ts', records, [
    [
      'a name of an artifact elsewhere, once taken, means one content',
      'throw trackingErrors.REFERENCE_TAKEN(run, name)',
      'void trackingErrors',
    ],
    [
      'a file cannot pass for the reference of another name',
      'if (found && pathOf(found.name) === file.path)',
      'if (found)',
      { hole: 'name confusion' },
    ],
    [
      'references are read of runs of the project',
      '  await requireRun(deps.db.read, project, run)\n',
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
  ...defencesOf('capabilities/tracking/histograms/log-histograms.ts', histograms, [
    [
      'a run holds histograms under a bounded number of keys',
      'if (after.size > limits.keys && after.size > known.size) throw',
      'if (after.size < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'a run holds a bounded amount of histograms',
      'if (size > limits.size && fresh.length > 0) throw',
      'if (size < 0) throw',
      { hole: 'denial of service' },
    ],
    [
      'histograms are added to a run of the project that is in use',
      '    await requireActiveRun(trx, project, run)\n',
      '',
      { hole: 'missing authorization' },
    ],
    ['bins of a histogram ascend', 'if (falls > 0) throw', 'if (falls < -1) throw'],
    [
      'a histogram counts what its bins hold',
      'if (!(Math.abs(sum - count) <= 1e-6',
      'if (!(0 * Math.abs(sum - count) <= 1e-6',
    ],
    ['a number of a histogram is finite', 'one === null || Number.isFinite(one)', 'true || Number.isFinite(one)'],
  ]),
  ...defencesOf('capabilities/tracking/histograms/histograms-thread.ts', histograms, [
    [
      'histograms of another project are none',
      '  const { project, run, key } = input\n  await requireRun(db, project, run)\n',
      '  const { project, run, key } = input\n',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/replay/recover-points.ts', replay, [
    [
      'a recovered point never stands beside one that was measured',
      'if (measured.has(key)) throw',
      "if (measured.has('')) throw",
    ],
    [
      'points that lie in a file were measured too',
      'new Set(series.filter(({ total }) => total > 0).map(({ key }) => key))',
      'new Set(series.filter(({ total }) => total < 0).map(({ key }) => key))',
    ],
    ['a point is recovered once', 'else if (before.value !== point.value', 'else if (before.value === undefined'],
    [
      'a point is recovered from a checkpoint of the run',
      'if (!(await isCheckpoint(asReader(trx), project, run, { uri: checkpoint, step })))',
      'if (!(await isCheckpoint(asReader(trx), project, run, { uri: checkpoint, step })) && step < -1e9)',
    ],
  ]),
  ...defencesOf('capabilities/tracking/replay/list-checkpoints.ts', replay, [
    [
      'a checkpoint is named with its own step',
      "stepInName(path.split('/').at(-1) as string) !== step",
      "stepInName(path.split('/').at(-1) as string) === undefined",
    ],
    [
      'checkpoints of a run of another project are none',
      '  await requireRun(db, project, run)\n',
      '',
      { hole: 'missing authorization' },
    ],
  ]),
  ...defencesOf(
    'packages/cli/src/imports/tensorboard-histograms.ts',
    ['packages/cli/src/imports/tensorboard-histograms.test.ts'],
    [
      [
        'a histogram of TensorBoard holds numbers',
        'if (![min, max, ...buckets.flat()].every(Number.isFinite) || min > max) return undefined',
        'if (min > max) return undefined',
      ],
      [
        'a histogram of TensorBoard has the shape that it says',
        'numbers.length !== rows * 3 ||',
        'numbers.length === -1 ||',
        { hole: 'unsafe deserialization' },
      ],
    ],
  ),
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
    'packages/cli/src/plug-ins.ts',
    ['packages/cli/src/plug-ins.test.ts'],
    [
      [
        'a plug-in takes the place of no command',
        '!wellNamed.test(name) || builtIn.has(name)) return undefined',
        '!wellNamed.test(name)) return undefined',
        { hole: 'name confusion' },
      ],
      [
        'a plug-in is not taken from where somebody happens to stand',
        '.split(delimiter).filter(isAbsolute)',
        '.split(delimiter)',
        { hole: 'command injection' },
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
]
