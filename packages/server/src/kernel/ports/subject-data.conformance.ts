import { beforeAll, describe, expect, test } from 'vitest'
import { searchEverywhere } from '../subjects/search-everywhere.fixture.ts'

/** A whole server in the process of a test. */
type World = Parameters<typeof searchEverywhere>[0]

/** What a capability gives to have its part in the requests of people tested. */
export interface SubjectDataUnderTest {
  readonly world: World
  /** A project in which what `write` fills declares its personal column. */
  readonly project: string
  /** As `SubjectData` says it. */
  readonly capability: string
  /** Only what it holds of this kind, where a capability holds several. */
  readonly kind?: string
  /** Adds a row for each, of a person and with a value in a personal column, and waits until they lie where they stay. */
  write(rows: readonly { readonly subject: string; readonly value: string }[]): Promise<void>
  /** All that somebody who may read personal values gets to read of the rows. */
  read(): Promise<string>
  /** What names the stored content, such as the digests of versions; it must outlive an erasure. */
  names(): Promise<readonly string[]>
}

interface Finding {
  readonly capability: string
  readonly kind: string
  readonly count: number
  readonly plain: number
}

/** The suite that every implementation of `SubjectData` passes, through the routes that people use. Call it in a block that has a world. */
export function subjectDataConformance(open: () => Promise<SubjectDataUnderTest>): void {
  describe('requests of people', () => {
    const values = {
      mine: 'zebrafish-of-the-erased',
      late: 'zebrafish-that-comes-late',
      hers: 'stickleback-of-another',
    }
    let under: SubjectDataUnderTest
    let admin: Awaited<ReturnType<World['as']>>
    const ask = (path: string, body: object) =>
      admin.call('POST', `/api/v1/projects/${under.project}/subjects/${path}`, body)
    const counts = async (subject: string): Promise<{ count: number; plain: number }> => {
      const answer = await ask('find', { subject })
      expect(answer.status, answer.text).toBe(200)
      const found = (answer.json.found as Finding[]).filter(
        (one) =>
          one.capability === under.capability &&
          (under.kind === undefined ? one.kind !== 'texts' : one.kind === under.kind),
      )
      return { count: sum(found, 'count'), plain: sum(found, 'plain') }
    }
    const exported = async (subject: string): Promise<string[]> => {
      const answer = await ask('export', { subject })
      expect(answer.status, answer.text).toBe(200)
      return answer.text
        .split('\n')
        .filter(
          (line) =>
            line.includes(`"capability":"${under.capability}"`) &&
            (under.kind === undefined ? !line.includes('"kind":"texts"') : line.includes(`"kind":"${under.kind}"`)),
        )
    }
    const erase = async (subject: string) => {
      const answer = await ask('erase', { subject, confirm: subject, reason: 'A test of erasing' })
      expect(answer.status, answer.text).toBe(200)
      await expect
        .poll(
          async () =>
            (await admin.call('GET', `/api/v1/projects/${under.project}/subjects/erasures`)).json.erasures.find(
              (one: { id: string }) => one.id === answer.json.id,
            )?.state,
          { timeout: 10_000 },
        )
        .toBe('finished')
      return answer.json as { id: string; subject: string }
    }

    beforeAll(async () => {
      under = await open()
      admin = await under.world.as('admin', under.project)
      await under.write([
        { subject: 'person-1', value: values.mine },
        { subject: 'person-2', value: values.hers },
        { subject: 'person-1', value: values.mine },
      ])
    }, 60_000)

    test('what is found is counted, and none of it is plain; whoever has no rows has none', async () => {
      expect(await counts('person-1')).toEqual({ count: 2, plain: 0 })
      expect(await counts('person-2')).toEqual({ count: 1, plain: 0 })
      expect(await counts('person-3')).toEqual({ count: 0, plain: 0 })
    })

    test('what is found is exported with its values, and nothing of anybody else', async () => {
      const lines = await exported('person-1')
      expect(lines).toHaveLength(2)
      expect(lines.every((line) => line.includes(values.mine))).toBe(true)
      expect(lines.join()).not.toContain(values.hers)
      expect(await exported('person-3')).toEqual([])
    })

    test('a value lies in clear text nowhere, although whoever may reads it', async () => {
      const seen = await under.read()
      expect([seen.includes(values.mine), seen.includes(values.hers)]).toEqual([true, true])
      expect(await searchEverywhere(under.world, values.mine)).toEqual([])
    })

    test('after an erasure it reads redacted for everybody, is exported no more, and content keeps its name; another person is as before', async () => {
      const before = await under.names()
      const erased = await erase('person-1')
      const seen = await under.read()
      expect([seen.includes(values.mine), seen.includes('redacted'), seen.includes(values.hers)]).toEqual([
        false,
        true,
        true,
      ])
      expect((await exported('person-1')).join()).not.toContain(values.mine)
      expect((await exported('person-2')).join()).toContain(values.hers)
      expect(await searchEverywhere(under.world, values.mine)).toEqual([])
      expect(await under.names()).toEqual(before)
      const again = await erase('person-1')
      expect(again).toMatchObject({ id: erased.id, subject: erased.subject })
      await under.world.kernel.sequencer.flush()
      const events = await admin.call('GET', `/api/v1/projects/${under.project}/events?name=subject.erased&limit=100`)
      expect(events.json.events.map((one: { data: unknown }) => one.data)).toEqual([{ id: erased.subject }])
    })

    test('a row of the erased person that comes late is stored as erased', async () => {
      await under.write([
        { subject: 'person-1', value: values.late },
        { subject: 'person-2', value: values.hers },
      ])
      expect((await under.read()).includes(values.late)).toBe(false)
      expect((await exported('person-1')).join()).not.toContain(values.late)
      expect(await searchEverywhere(under.world, values.late)).toEqual([])
      expect(await counts('person-2')).toEqual({ count: 2, plain: 0 })
    })
  })
}

const sum = (found: readonly Finding[], what: 'count' | 'plain'): number =>
  found.reduce((total, one) => total + one[what], 0)
