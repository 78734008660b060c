import { createCipheriv, createHmac } from 'node:crypto'
import { describeEachDatabase } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { isSealed, keyIdOf, openText, sealText } from './sealed-text.ts'
import { openRoot } from './subject-roots.ts'
import { createSubjects } from './subjects.ts'

const key = Buffer.from(Array.from({ length: 64 }, (_, index) => index))
const place = { project: 'p', id: 'sbj_1', place: 'e:mail' }

describe('a sealed text', () => {
  test('is AES-256-GCM as its form says, made anew from a known key', () => {
    // The cipher itself, by the test case 14 of the GCM specification: key, nonce and text of zeros.
    const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12))
    const body = Buffer.concat([cipher.update(Buffer.alloc(16)), cipher.final()])
    expect(body.toString('hex')).toBe('cea7403d4d606b6e074ec5d3baf39d18')
    expect(cipher.getAuthTag().toString('hex')).toBe('d0d1c8a799996bf0265b98b5d48ab919')
    // Computed with another implementation of AES-GCM and HMAC (Python's cryptography).
    expect(sealText(key, place, 'Müller')).toBe('\u0001sbj_1:e%3Amail:UzZ6yLpPELAvUYFTFgxuVuOobWHJIELkVq4c5IAIFCl3qMI')
    expect(openText(key, 'p', sealText(key, place, 'Müller'))).toBe('Müller')
    const nonce = createHmac('sha256', key.subarray(32)).update('p/sbj_1/e:mail\0Müller').digest().subarray(0, 12)
    const bytes = Buffer.from(sealText(key, place, 'Müller').split(':')[2] ?? '', 'base64url')
    expect(bytes.subarray(0, 12).equals(nonce)).toBe(true)
  })

  test('is equal for equal values of a person in a column, and for nothing else', () => {
    const one = sealText(key, place, 'a')
    expect(sealText(key, { ...place, place: 'E:Mail' }, 'a')).toBe(one)
    const others = [
      sealText(key, place, 'b'),
      sealText(key, { ...place, place: 'name' }, 'a'),
      sealText(key, { ...place, id: 'sbj_2' }, 'a'),
      sealText(key, { ...place, project: 'q' }, 'a'),
      sealText(Buffer.alloc(64, 7), place, 'a'),
    ].map((text) => text.split(':')[2])
    expect(new Set([one.split(':')[2], ...others]).size).toBe(6)
  })

  test('does not open changed in any byte, in another project, under another id, in another column, or with another key', () => {
    const sealed = sealText(key, place, 'a value')
    const [id = '', column = '', body = ''] = sealed.split(':')
    const bytes = Buffer.from(body, 'base64url')
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(openText(key, 'p', `${id}:${column}:${changed.toString('base64url')}`)).toBeUndefined()
    }
    expect(openText(key, 'q', sealed)).toBeUndefined()
    expect(openText(key, 'p', `\u0001sbj_2:${column}:${body}`)).toBeUndefined()
    expect(openText(key, 'p', `${id}:name:${body}`)).toBeUndefined()
    expect(openText(key, 'p', `${id}:%:${body}`)).toBeUndefined()
    expect(openText(key, 'p', `${id}:${column}:${bytes.subarray(0, 20).toString('base64url')}`)).toBeUndefined()
    expect(openText(Buffer.alloc(64, 7), 'p', sealed)).toBeUndefined()
    expect(openText(key, 'p', sealed)).toBe('a value')
  })

  test('without a key holds no value, only whose it was', () => {
    expect(sealText(undefined, place, 'a value')).toBe('\u0001sbj_1:e%3Amail:')
    expect(openText(key, 'p', '\u0001sbj_1:e%3Amail:')).toBeUndefined()
    expect([isSealed('\u0001sbj_1:'), isSealed('sbj_1'), isSealed(7)]).toEqual([true, false, false])
    expect([keyIdOf('\u0001sbj_1:a:'), keyIdOf('plain'), keyIdOf('\u0001sbj_1')]).toEqual([
      'sbj_1',
      undefined,
      undefined,
    ])
  })
})

test('a wrapped key does not open changed, elsewhere, or with the root of another project', () => {
  const root = openRoot(Buffer.alloc(32, 1))
  const wrapped = root.wrap(key, 'subject/p/sbj_1')
  expect(root.unwrap(wrapped, 'subject/p/sbj_1').equals(key)).toBe(true)
  expect(() => root.unwrap(wrapped, 'subject/p/sbj_2')).toThrow('unable to authenticate')
  expect(() => openRoot(Buffer.alloc(32, 2)).unwrap(wrapped, 'subject/p/sbj_1')).toThrow('unable to authenticate')
  const bytes = Buffer.from(wrapped.slice(3), 'base64url')
  bytes[40] = (bytes[40] ?? 0) ^ 1
  expect(() => root.unwrap(`s1.${bytes.toString('base64url')}`, 'subject/p/sbj_1')).toThrow('unable to authenticate')
  expect(() => root.unwrap(wrapped.replace('s1.', 's2.'), 'subject/p/sbj_1')).toThrow('not wrapped by this program')
})

describeEachDatabase('keys of subjects', ({ world }) => {
  const erase = async (project: string, subject: string) => {
    const { subjects, db } = world.kernel
    const ref = await subjects.resolve(project, subject)
    return db.write.transaction().execute((trx) => subjects.erase(trx, ref, 'prn_admin'))
  }

  test('are made once a person, also by several at a time, and name nobody', async () => {
    const { subjects, db } = world.kernel
    const project = await world.makeProject()
    const people = Array.from({ length: 700 }, (_, index) => `person-${index}`)
    const sealers = await Promise.all([1, 2, 3].map(() => subjects.sealer(project, people)))
    const texts = sealers.map((seal) => people.map((person) => seal(person, 'mail', `${person}@x`)))
    expect(texts[1]).toEqual(texts[0])
    expect(texts[2]).toEqual(texts[0])
    const open = await subjects.opener(project, texts[0] ?? [])
    expect(texts[0]?.map(open)).toEqual(people.map((person) => `${person}@x`))
    expect(await subjects.counts(db.read, project)).toEqual({ kept: 700, erased: 0 })
    const rows = await db.read.selectFrom('subject_key').selectAll().where('project_id', '=', project).execute()
    expect(JSON.stringify(rows)).not.toContain('person-')
    expect(new Set(rows.map((row) => row.id)).size).toBe(700)
  })

  test('are destroyed once, with one event; later values of the person are not stored, those of others open', async () => {
    const { subjects, db } = world.kernel
    const project = await world.makeProject()
    const seal = await subjects.sealer(project, ['ada', 'bob'])
    const [ada, bob] = [seal('ada', 'mail', 'ada@x'), seal('bob', 'mail', 'bob@x')]
    const [first, again] = [await erase(project, 'ada'), await erase(project, 'ada')]
    expect([first.first, again.first, again.id]).toEqual([true, false, first.id])
    expect(keyIdOf(ada)).toBe(first.id)
    const open = await subjects.opener(project, [ada, bob])
    expect([open(ada), open(bob)]).toEqual([undefined, 'bob@x'])
    const late = (await subjects.sealer(project, ['ada']))('ada', 'mail', 'ada@x')
    expect(late).toBe(`\u0001${first.id}:mail:`)
    // Also when he is only known by a sealed id.
    expect((await subjects.sealer(project, [ada]))(ada, 'name', 'Ada')).toBe(`\u0001${first.id}:name:`)
    expect((await subjects.resolve(project, 'ada')).erasedAt).toBe(world.time.now)
    await world.kernel.sequencer.flush()
    const events = await db.read
      .selectFrom('event')
      .select(['name', 'data', 'subject'])
      .where('project_id', '=', project)
      .where('name', '=', 'subject.erased')
      .execute()
    expect(events).toHaveLength(1)
    expect(JSON.parse(String(events[0]?.data))).toEqual({ id: first.id })
    expect(await subjects.counts(db.read, project)).toEqual({ kept: 1, erased: 1 })
  })

  test('of somebody who was never seen are erased before they are made', async () => {
    const { subjects } = world.kernel
    const project = await world.makeProject()
    expect((await subjects.resolve(project, 'eve')).id).toBeUndefined()
    const { id } = await erase(project, 'eve')
    expect((await subjects.sealer(project, ['eve']))('eve', 'mail', 'eve@x')).toBe(`\u0001${id}:mail:`)
  })

  test('that a restore brought back are destroyed by their ids once more', async () => {
    const { subjects, db } = world.kernel
    const project = await world.makeProject()
    const text = (await subjects.sealer(project, ['ada']))('ada', 'mail', 'ada@x')
    const again = () =>
      db.write.transaction().execute((trx) => subjects.eraseAgain(trx, project, [keyIdOf(text) ?? '', 'sbj_no'], 7))
    expect([await again(), await again()]).toEqual([1, 0])
    expect((await subjects.opener(project, [text]))(text)).toBeUndefined()
  })

  test('of one project open nothing of another, even with a copied row', async () => {
    const { subjects, db } = world.kernel
    const [one, other] = [await world.makeProject(), await world.makeProject()]
    const text = (await subjects.sealer(one, ['ada']))('ada', 'mail', 'ada@x')
    await subjects.sealer(other, [])
    const row = await db.read
      .selectFrom('subject_key')
      .selectAll()
      .where('project_id', '=', one)
      .executeTakeFirstOrThrow()
    await db.write.transaction().execute((trx) =>
      trx
        .insertInto('subject_key')
        .values({ ...row, project_id: other })
        .execute(),
    )
    expect((await subjects.opener(other, [text]))(text)).toBeUndefined()
    // Nothing is sealed with what is not a key either, and nothing is lost.
    await expect(subjects.sealer(other, [text])).rejects.toThrow('unable to authenticate')
  })

  test('open after the key of the vault was changed, since the roots are wrapped anew', async () => {
    const { subjects, vaultKeys, sealedRows } = world.kernel
    const project = await world.makeProject()
    const text = (await subjects.sealer(project, ['ada']))('ada', 'mail', 'ada@x')
    const before = vaultKeys.current.id
    vaultKeys.add()
    expect((await sealedRows.rewrap()).left).toBe(0)
    vaultKeys.forget(before)
    const fresh = createSubjects(world.kernel)
    expect((await fresh.opener(project, [text]))(text)).toBe('ada@x')
  })
})
