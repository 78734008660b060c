import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMask } from './index.ts'

const value = 'p@ss/w"ö rd+\\1%'
const mask = createMask([{ name: 'db', value }])

test('the value is replaced wherever it stands, and everything else stays', () => {
  expect(mask.text(`to ${value}, twice ${value}.`)).toBe('to ***db***, twice ***db***.')
  expect(mask.text('nothing to see')).toBe('nothing to see')
  expect(createMask([]).empty).toBe(true)
  expect(createMask([{ name: 'short', value: 'abc' }]).text('abc')).toBe('abc')
})

test.each([
  ['JSON', JSON.stringify({ a: value })],
  ['JSON without other than ASCII', JSON.stringify(value).replace('ö', '\\u00f6')],
  ['a URL', `https://x/?q=${encodeURIComponent(value)}`],
  ['a form', new URLSearchParams({ q: value }).toString()],
  ['a path', `/${encodeURIComponent(value).replaceAll('%2F', '/')}/x`],
  ['base64', Buffer.from(value).toString('base64')],
  ['base64 for URLs', Buffer.from(value).toString('base64url')],
  ['basic credentials', `Basic ${Buffer.from(`me:${value}`).toString('base64')}`],
  ['basic credentials of two letters', `Basic ${Buffer.from(`ab:${value}!`).toString('base64')}`],
  ['hexadecimal', Buffer.from(value).toString('hex')],
  ['what Python shows', `KeyError: '${value.replaceAll('\\', '\\\\')}'`],
])('it is replaced in %s', (_form, text) => {
  const shown = mask.text(text)
  expect(shown).toContain('***db***')
  for (let from = 0; from + 8 <= value.length; from += 1) expect(shown).not.toContain(value.slice(from, from + 8))
})

test('a value of several lines is replaced as a whole and line by line', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n  kqhkiG9w0BAQ\nxy\n-----END KEY-----\n'
  const masked = createMask([{ name: 'pem', value: key }])
  expect(masked.text(`a ${key}b`)).toBe('a ***pem***b')
  expect(key.split('\n').map((line) => masked.text(line))).toEqual([
    '***pem***',
    '***pem***',
    '  ***pem***',
    'xy',
    '***pem***',
    '',
  ])
  expect(masked.text(JSON.stringify(key))).toBe('"***pem***"')
})

test('of two secrets where one holds the other the longer is named', () => {
  const both = createMask([
    { name: 'short', value: 'abcd' },
    { name: 'long', value: 'abcdefgh' },
  ])
  expect(both.text('abcdefgh abcd')).toBe('***long*** ***short***')
})

test('texts of a JSON value are replaced, keys too', () => {
  expect(mask.json({ [value]: [value, 1, null, { a: `x${value}` }] })).toEqual({
    '***db***': ['***db***', 1, null, { a: 'x***db***' }],
  })
})

test('a value across two pieces of a line is replaced, wherever the cut is, and short lines after a long one stay', () => {
  for (let cut = 0; cut <= value.length; cut += 1) {
    const line = mask.lines()
    const first = line(`${'x'.repeat(65_536)}${value.slice(0, cut)}`)
    const second = line(`${value.slice(cut)} end`)
    expect(first).toMatch(/^x{60000,}(\*\*\*db\*\*\*)?$/)
    expect(second).toMatch(cut < value.length ? /^x*\*\*\*db\*\*\* end$/ : /^ end$/)
    expect(line('next')).toBe('next')
  }
})

test('bytes pass a guard unchanged, or fail with the name of what they hold, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (cuts, bad) => {
        const bytes = Buffer.from(`\0some model ${bad ? value : 'p@ss/w'} and its end, somewhat later`)
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)))
        chunks.push(bytes.subarray(at))
        const source = Readable.from(chunks.filter((one) => one.length > 0))
        const read = buffer(mask.guard(source, (name) => new Error(`holds ${name}`)))
        if (bad) await expect(read).rejects.toThrow('holds db')
        else expect((await read).equals(bytes)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

test('a guard that nobody reads says nothing, and leaves its source open', async () => {
  const source = Readable.from([Buffer.from(value)])
  const guarded = mask.guard(source, (name) => new Error(`holds ${name}`))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect([guarded.errored, source.destroyed]).toEqual([null, false])
  await expect(buffer(guarded)).rejects.toThrow('holds db')
  expect(source.errored).toBeNull()
})
