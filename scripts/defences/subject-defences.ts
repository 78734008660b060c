import { type Defence, defencesOf } from './defence.ts'

const texts = ['capabilities/subjects/texts.test.ts']
const left = ['capabilities/subjects/nothing-left.test.ts']
const names = ['kernel/subjects/person-names.test.ts']
const requests = ['capabilities/subjects/subjects.test.ts']
const labels = ['capabilities/outcomes/sealed-labels.test.ts']
const restored = ['erased-backup.test.ts']

/** One text of each capability that an erasure would pass over, were it not in its list. */
const listed: readonly (readonly [capability: string, cut: string, put: string])[] = [
  ['access', "columns: ['what', 'path', 'address', 'request_id'],", "columns: ['what', 'address', 'request_id'],"],
  ['datasets', "columns: ['text', 'written_by_name'],", "columns: ['written_by_name'],"],
  ['evaluation', "columns: ['result'],", 'columns: [],'],
  ['exploration', "'hypothesis', 'source', 'reason', 'created_by_name'", "'source', 'reason', 'created_by_name'"],
  ['features', "columns: ['name', 'definition'],", "columns: ['name'],"],
  ['imports', "columns: ['source', 'report'],", "columns: ['source'],"],
  [
    'inbox',
    "columns: ['title', 'summary', 'evidence', 'options', 'decision_reason'],",
    "columns: ['title', 'summary', 'options', 'decision_reason'],",
  ],
  ['lineage', "columns: ['name', 'fact', 'search'],", "columns: ['name', 'fact'],"],
  ['monitoring', "columns: ['headline', 'label_delay'],", "columns: ['headline'],"],
  [
    'operations',
    "columns: ['title', 'about', 'evidence', 'note', 'resolved_reason'],",
    "columns: ['title', 'about', 'evidence', 'resolved_reason'],",
  ],
  ['pipelines', "columns: ['reason', 'params', 'cause'],", "columns: ['reason', 'params'],"],
  ['registry', "columns: ['description', 'retraining'],", "columns: ['description'],"],
  ['reports', "columns: ['title', 'text', 'saved_by_name'],", "columns: ['title', 'saved_by_name'],"],
  ['secrets', "columns: ['description'],", 'columns: [],'],
  ['serving', "columns: ['reason'],", 'columns: [],'],
  ['traces', "'request_preview', 'response_preview', 'root_name'],", "'response_preview', 'root_name'],"],
  ['tracking', "columns: ['name', 'user_id', 'archived_because'],", "columns: ['name', 'user_id'],"],
  ['webhooks', "columns: ['body', 'error'],", "columns: ['error'],"],
]

/** An erasure leaves nothing of a person, neither in rows nor in texts nor in files, and says what it leaves. */
export const subjectDefences: readonly Defence[] = [
  ...listed.flatMap(([capability, cut, put]) =>
    defencesOf(`capabilities/${capability}/personal-texts.ts`, texts, [
      [`an erasure passes over no text of ${capability}`, cut, put],
    ]),
  ),
  ...defencesOf('capabilities/subjects/search-texts.ts', texts, [
    [
      'texts that name an erased person are written anew',
      'if (redacted !== undefined) set[column] = redacted',
      'if (redacted === "") set[column] = redacted',
    ],
    [
      'what is called as an erased person goes',
      'await changeRows(page.named, async',
      'await changeRows(page.named.slice(0, 0), async',
    ],
    ['an erasure says what it leaves', 'if (done.fixed > 0 && place.fixed)', 'if (done.fixed < 0 && place.fixed)'],
    [
      'texts of other projects are not touched by an erasure',
      '        project: person.project,\n        table: place.table,',
      '        project: `${person.project}x`,\n        table: place.table,',
    ],
    [
      'a restore takes names out of texts again',
      '    repeats: true,\n    find: async (person) => {\n      const counts: SubjectCount[] = []\n      for (const place',
      '    repeats: false,\n    find: async (person) => {\n      const counts: SubjectCount[] = []\n      for (const place',
      { tests: restored },
    ],
  ]),
  ...defencesOf('replay-erasures.ts', restored, [
    [
      'a restore queues what was erased after the backup',
      '    if (marks !== null) await queueErasure(trx, { project: line.project, keyId: line.subject, at })',
      "    if (marks === '') await queueErasure(trx, { project: line.project, keyId: line.subject, at })",
    ],
  ]),
  ...defencesOf('capabilities/subjects/complete-erasures.ts', requests, [
    ['who it was is forgotten when all is done', 'sealed_subject: null, sealed_names: null }', '}'],
    ['an error of an erasure names nobody', 'redactNames(person.names, (error as Error).message) ??', 'namesOf([]) &&'],
  ]),
  ...defencesOf('capabilities/subjects/subject-requests.ts', requests, [
    ['an erasure is confirmed by the id itself', 'if (confirm !== subject) throw', "if (confirm === '') throw"],
    [
      'the reason of an erasure names nobody',
      'if (holdsName(namesOf([subject, ...names]), reason)) throw',
      "if (reason === '') throw",
    ],
  ]),
  ...defencesOf('kernel/subjects/person-names.ts', names, [
    [
      'a name is a word of its own',
      'if (!isWord(signs[from - 1]) && !isWord(signs[from + length])) found.push',
      "if (!isWord('') && length > 0) found.push",
    ],
    [
      'short names are not taken out of everything',
      'return /\\p{L}/u.test(text) ? signs >= 4 : signs >= 8',
      'return signs >= 1',
    ],
    [
      'text that is JSON stays JSON when a name goes',
      'return isJson(text) ? redactJson(names, text) : redactText(names, text)',
      'return redactText(names, text)',
    ],
    [
      'no text is too long for an erasure',
      '    end = endOfText(text, from)\n',
      '    end = from + (/^"(?:[^"\\\\]|\\\\.)*"/.exec(text.slice(from))?.[0].length ?? 1)\n',
      { hole: 'denial of service' },
    ],
    [
      'a name is found however it is escaped',
      'if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))',
      'if (code !== undefined) return code.charAt(0)',
    ],
  ]),
  ...defencesOf('capabilities/traces/subject-data.ts', left, [
    [
      'traces of an erased person go',
      'const traces = await ownTraces(person)\n      const contents',
      'const traces = (await ownTraces(person)).slice(0, 0)\n      const contents',
    ],
    [
      'records of evaluation datasets of an erased person go',
      'const records = await ownRecords(person)\n      for (const [set, of]',
      'const records = (await ownRecords(person)).slice(0, 0)\n      for (const [set, of]',
    ],
    [
      'spans in files lose the names of an erased person',
      'const large = await redactLarge(person)',
      'const large = { count: 0, old: [] as string[], redactLarge }',
    ],
    [
      'files of an erased person are let go',
      'await letGoContents(deps, project, [...contents, ...large.old])',
      'void letGoContents',
    ],
  ]),
  ...defencesOf('capabilities/outcomes/subject-data.ts', labels, [
    [
      'labels that came before their prediction are erased with its person',
      'const waiting = await waitingKeys(deps, { project, deployment }, early)',
      'const waiting = (await waitingKeys(deps, { project, deployment }, early)).slice(0, 0)',
    ],
  ]),
  ...defencesOf('capabilities/outcomes/commit-ledgers.ts', labels, [
    [
      'a prediction of an erased person takes the labels that waited for it along',
      '      await forgetWaiting(\n',
      '      await (async (..._: unknown[]) => void forgetWaiting)(\n',
    ],
  ]),
]
