import { describeEachDatabase } from '@trivium/testing'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { parsePattern, patternMatcher, postgresPattern } from './index.ts'

/** Patterns of the part that we know, written so that JavaScript means the same. */
const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '[b-d]',
  '\\d',
  '\\w',
  '\\S',
  'ü',
  '\\.',
  '-',
  '🙂',
  '[\\d_]',
)
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}'))
      .map(([a, times]) => `(?:${a})${times}`),
    tie('pattern').map((a) => `^${a}`),
    tie('pattern').map((a) => `${a}$`),
  ),
}))
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '1', '_', '.', '-', 'ü', '🙂', '\n', ' ', 'A'), { maxLength: 8 })
  .map((p) => p.join(''))

describe('text patterns', () => {
  test('find what JavaScript finds', () => {
    fc.assert(
      fc.property(pattern, text, (written, subject) => {
        expect(patternMatcher(parsePattern(written))(subject)).toBe(new RegExp(written, 'us').test(subject))
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['(?=a)', 'look-around'],
    ['(?i)a', 'flags'],
    ['(a)\\1', 'references back'],
    ['a*?', 'lazy'],
    ['a**', 'follows a repeat'],
    ['*a', 'repeats nothing'],
    ['(a', 'is not closed'],
    ['a)', 'closes nothing'],
    ['[a', 'is not closed'],
    ['[z-a]', 'no range'],
    ['[[:alpha:]]', 'inside [ ]'],
    ['a{1000}', 'no count'],
    ['a{x}', 'begins no count'],
    ['((a{100}){100})', 'too large'],
    [`${'('.repeat(30)}a${')'.repeat(30)}`, 'groups within each other'],
    ['a'.repeat(501), 'longer than 500'],
    ['', 'empty'],
    ['\\', 'escapes nothing'],
    ['\\b', 'is not known'],
  ])('%s is refused: %s', (written, why) => {
    expect(() => parsePattern(written)).toThrow(why)
  })

  test('a pattern that makes others try for ever is answered at once', () => {
    const began = performance.now()
    expect(patternMatcher(parsePattern('^(a+)+$'))(`${'a'.repeat(6000)}!`)).toBe(false)
    expect(patternMatcher(parsePattern('(a|a)*(a|a)*b{1,100}$'))(`${'ab'.repeat(3000)}c`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})

describeEachDatabase('patterns in the database', ({ world, dialect }) => {
  test('SQLite and Postgres find what the matcher finds', async () => {
    await fc.assert(
      fc.asyncProperty(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), async (written, subjects) => {
        const node = parsePattern(written)
        const matches = patternMatcher(node)
        const asked = subjects.map((subject) =>
          dialect === 'sqlite'
            ? sql`text_matches(${written}, ${subject})`
            : sql`case when ${subject} ~ ${postgresPattern(node)} then 1 else 0 end`,
        )
        const { rows } = await sql<
          Record<string, number>
        >`select ${sql.join(asked.map((one, at) => sql`${one} as ${sql.ref(`c${at}`)}`))}`.execute(
          world.kernel.db.read as never,
        )
        expect(subjects.map((_, at) => Number(rows[0]?.[`c${at}`]) === 1)).toEqual(
          subjects.map((subject) => matches(subject)),
        )
      }),
      { numRuns: 150 },
    )
  })
})
