import { type DataSheet, sheetQuestions } from '@trivium/contract'

const day = (at: number | null): string => (at === null ? 'unknown' : new Date(at).toISOString().slice(0, 10))
const count = (n: number): string => n.toLocaleString('en-GB')
/** Names and values are anybody's: in a table they stay in their cell, and in a sentence they make no markup. */
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>#|!~]/g, String.raw`\$&`)
const titled = (part: string): string => part.charAt(0).toUpperCase() + part.slice(1)

/** A sheet for people who have no account here. */
export function sheetMarkdown(sheet: DataSheet): string {
  const { composition, origin, checks, owners, usedBy, parts } = sheet
  const numeric = (type: string): boolean => type === 'integer' || type === 'number'
  const shown = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(6))))
  const part = (name: DataSheet['parts'][number]['part']): string[] => {
    const found = parts.find((one) => one.part === name)
    return [
      `## ${titled(name)}`,
      `*${sheetQuestions[name]}*`,
      found && found.text !== '' ? found.text : 'Nobody has written this part.',
      ...(found && found.text !== '' ? [`— ${plain(found.byName ?? '')}, ${day(found.at)}`] : []),
    ]
  }
  const list = (lines: readonly string[], none: string): string =>
    lines.length === 0 ? none : lines.map((line) => `- ${line}`).join('\n')
  const { eventTime, label, redacted } = composition
  const sections = [
    `# Data sheet: ${plain(sheet.dataset)} v${sheet.version}`,
    ...(sheet.description === '' ? [] : [plain(sheet.description)]),
    `\`${sheet.urn}\`, content \`${sheet.digest}\``,
    ...part('motivation'),
    '## Composition',
    list(
      [
        `${count(composition.rows)} rows, ${count(composition.addedRows)} of them new in this version; ${count(composition.bytes)} bytes`,
        ...(eventTime
          ? [`event time \`${eventTime.column}\` from ${day(eventTime.from)} to ${day(eventTime.to)}`]
          : []),
        ...(composition.subjectColumn === null
          ? []
          : [`rows are about persons, told apart by \`${composition.subjectColumn}\``]),
        ...(redacted
          ? [
              `personal values of ${count(redacted.rows)} rows of ${count(redacted.people)} erased people read \`redacted\``,
            ]
          : []),
      ],
      '',
    ),
    [
      '| column | type | missing | distinct | min | mean | max | most frequent | |',
      '|---|---|--:|--:|--:|--:|--:|---|---|',
      ...composition.columns.map((one) => {
        const numbers = numeric(one.type) ? [shown(one.min), shown(one.mean), shown(one.max)] : ['', '', '']
        const words = [one.personal && 'personal', one.sealed && 'sealed'].filter(Boolean).join(', ')
        const cells = [
          plain(one.name),
          one.type,
          shown(one.missing),
          shown(one.distinct),
          ...numbers,
          plain(one.top ?? ''),
          words,
        ]
        return `| ${cells.join(' | ')} |`
      }),
    ].join('\n'),
    'Statistics are of the rows that this version brought.',
    ...(label
      ? [
          `Label \`${label.column}\`:`,
          list(
            label.classes.map((one) => `${plain(one.value)}: ${count(one.count)}`),
            '',
          ),
        ]
      : []),
    '## Origin',
    `Added on ${day(origin.addedAt)} by ${plain(origin.addedByName)} (${origin.mode === 'append' ? 'appended to the version before' : 'starts anew'})${origin.note === '' ? '.' : `: ${plain(origin.note)}`}`,
    list(
      origin.madeFrom.map((one) => `\`${one.urn}\`, ${plain(one.as)}`),
      'Nothing is on record that it was made from.',
    ),
    ...part('collection'),
    '## Checks',
    list(
      checks.map((one) => `${one.passed ? 'passed' : 'not passed'}: ${plain(one.message)}`),
      'No check is declared.',
    ),
    ...part('uses'),
    ...part('limits'),
    '## Used by',
    list(
      usedBy.map((one) => `${one.kind} \`${one.urn}\``),
      'Nothing on record uses it.',
    ),
    ...(sheet.moreUses ? ['There are more.'] : []),
    ...part('licence'),
    ...part('consent'),
    ...part('maintenance'),
    '## Owners',
    owners
      ? list(
          [
            `produced by ${plain(owners.producer)}`,
            `maintained by ${plain(owners.maintainer)}`,
            `quality: ${plain(owners.quality)}`,
          ],
          '',
        )
      : 'Nobody is named.',
    ...part('contact'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}
