import { type Defence, defencesOf } from './defence.ts'

const cli = 'packages/cli/src'
const client = [`${cli}/imports/mlflow-client.test.ts`]
const logs = [`${cli}/imports/wandb-source.test.ts`]
const captured = [`${cli}/tracked/captured-code.test.ts`]

/** What comes from elsewhere: servers that are read and written, logs that others wrote, and what a program on somebody's machine tells. */
export const foreignDefences: readonly Defence[] = [
  ...defencesOf('packages/cli/src/imports/mlflow-client.ts', client, [
    [
      'a foreign server leads no client out of its API',
      '    requirePath(path)\n',
      '    void requirePath\n',
      { hole: 'path traversal' },
    ],
    [
      'credentials are handed on to nobody by a redirect',
      "redirect: 'manual',",
      "redirect: 'follow',",
      { hole: 'server-side requests' },
    ],
    [
      'errors of a foreign server show no credentials',
      "const url = `${parsed.origin}${parsed.pathname.replace(/\\/+$/, '')}`",
      "const url = parsed.href.replace(/\\/+$/, '')",
    ],
    [
      'a foreign server is not listened to without end',
      'if (text.length > most) return { text: text.slice(0, most), whole: false }',
      '',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('packages/cli/src/imports/mlflow-export-registry.ts', client, [
    [
      'a foreign server keeps no export going for ever',
      'if (!Number.isSafeInteger(number) || number <= last)',
      'if (number === -1)',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf(
    'packages/cli/src/place-in-folder.ts',
    [`${cli}/place-in-folder.test.ts`],
    [
      [
        'files of a foreign server stay in the folder that was named',
        '!target.startsWith(resolve(folder) + sep)',
        "target === ''",
        { hole: 'path traversal' },
      ],
      ['files of a foreign server have plain names', '/[\\\\\\p{Cc}]/u.test(path) ||', '', { hole: 'path traversal' }],
    ],
  ),
  ...defencesOf('packages/cli/src/imports/read-wandb-log.ts', logs, [
    [
      'a record of a log has a bounded number of parts',
      '|| parts.length > mostParts)',
      ')',
      { hole: 'denial of service' },
    ],
    ['a record of a log has its checksum', 'if (crc32(block.subarray(at + 6, end)) !== sum)', 'if (sum === -1)'],
    ['a record of a log ends in its block', '        if (end > filled)\n', '        if (end > filled * 10)\n'],
  ]),
  ...defencesOf('packages/cli/src/imports/read-wandb-run.ts', logs, [
    [
      'names of a log nest a bounded number of levels',
      '|| path.length === deepest ? [] : names',
      '? [] : names',
      { hole: 'denial of service' },
    ],
    [
      'names of a log reach nothing that all objects share',
      "names.includes('__proto__') ||",
      '',
      { hole: 'unsafe deserialization' },
    ],
    [
      'tags of a log are bounded',
      'if (found.tags.length < mostTags && !found.tags.includes(tag))',
      'if (!found.tags.includes(tag))',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf('packages/cli/src/tracked/capture-code.ts', captured, [
    [
      'captured code holds nothing that a link leads to',
      'await lstat(join(cwd, path))',
      "await (await import('node:fs/promises')).stat(join(cwd, path))",
      { hole: 'path traversal' },
    ],
    ['a captured patch holds nothing of where secrets lie', "'HEAD', '--', ...read)", "'HEAD', '--', '.')"],
    [
      'captured files are none of where secrets lie',
      'endings.test(path) && !skipped.test(path),',
      'endings.test(path),',
    ],
  ]),
  ...defencesOf('python/client/trivium_tracking/sources.py', captured, [
    ['the package for plain programs follows no link', 'os.path.islink(path) or ', '', { hole: 'path traversal' }],
    [
      'the package for plain programs sends no patch of where secrets lie',
      '"HEAD", "--", *READ)',
      '"HEAD", "--", ".")',
    ],
    ['the package for plain programs sends no files of where secrets lie', 'or SKIPPED.search(path) ', ''],
  ]),
  ...defencesOf('python/client/trivium_tracking/server.py', captured, [
    [
      'the package for plain programs hands its token to the named server only',
      '    def redirect_request(self, *args):\n        return None\n',
      '    pass\n',
      { hole: 'server-side requests' },
    ],
    [
      'the package for plain programs believes no endless answer',
      'answer.read(LONGEST)',
      'answer.read()',
      { hole: 'denial of service' },
    ],
  ]),
]
