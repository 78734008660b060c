import type { Erasure, SubjectFinding, SubjectReport } from '@trivium/contract'
import { newId, parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { DataSubject, SubjectData, SubjectTexts } from '../../kernel/ports/index.ts'
import type { Principal, Scope } from '../../kernel/principal/index.ts'
import { holdsName, markedNames, namesOf, type PersonNames, type SubjectRef } from '../../kernel/subjects/index.ts'
import type { Lineage } from '../lineage/index.ts'
import { affectedFiles, affectedModels } from './affected-models.ts'
import { subjectErrors } from './errors.ts'
import { completeErasures, type QueueErasure } from './complete-erasures.ts'
import { listErasures } from './list-erasures.ts'
import { findingOf } from './finding.ts'
import { instancePlace, marksAbout, namesAbout, sealedAbout } from './sealed-about.ts'
import { textData } from './search-texts.ts'

/** What somebody gave who wants a person erased. */
export interface EraseInput {
  readonly subject: string
  /** The same, typed once more. */
  readonly confirm: string
  readonly reason: string
  /** What else the person is called in texts: names, mail addresses. */
  readonly names?: readonly string[]
}
/** Whom somebody asks about. */
export type WhoseInput = Pick<EraseInput, 'subject' | 'names'>
type Page = { readonly limit?: number; readonly before?: string }
type Line = Record<string, unknown>

/** Requests of people about what is held of them: by the projects, and by the instance of its own users. */
export interface SubjectRequests {
  find(scope: Scope, whose: WhoseInput): Promise<SubjectReport>
  export(scope: Scope, whose: WhoseInput): AsyncIterable<Line>
  /** Destroys the key at once and leaves the rest to a job, which is tried until every capability has done its part. */
  erase(scope: Scope, input: EraseInput): Promise<Erasure>
  list(scope: Scope, page: Page): Promise<Erasure[]>
  findAccount(name: string): Promise<SubjectReport>
  exportAccount(name: string): AsyncIterable<Line>
  eraseAccount(by: Principal, input: EraseInput): Promise<Erasure>
  /** Of all projects, with those of accounts. */
  listAll(page: Page): Promise<Erasure[]>
}

export function createSubjectRequests(
  kernel: Pick<Kernel, 'db' | 'clock' | 'jobs' | 'vault' | 'sealedRows' | 'subjects' | 'paths' | 'config' | 'logger'>,
  parts: {
    lineage: Pick<Lineage, 'downstream'>
    /** Of every capability that holds rows of people. */
    data: readonly SubjectData[]
    /** Texts of every capability. */
    texts: readonly SubjectTexts[]
    /** The users of the instance; `erase` overwrites them. */
    accounts: SubjectData
    /** Throws where an account must stay. */
    mayErase(by: Principal, account: string): void
  },
): SubjectRequests {
  const { db, clock, vault, subjects } = kernel
  const { lineage, accounts } = parts
  const data = [...parts.data, ...parts.texts.map((one) => textData(kernel, one))]
  kernel.sealedRows.add({
    table: 'erasure',
    column: 'sealed_subject',
    key: ['id'],
    also: ['project_id', 'key_id', 'fingerprint'],
    about: (row) => sealedAbout(String(row['project_id']), String(row['fingerprint'] || row['key_id'])),
  })
  for (const [column, about] of [
    ['sealed_names', namesAbout],
    ['marks', marksAbout],
  ] as const)
    kernel.sealedRows.add({
      table: 'erasure',
      column,
      key: ['id'],
      also: ['project_id', 'fingerprint'],
      about: (row) => about(String(row['project_id']), String(row['fingerprint'])),
    })
  const queue = completeErasures(kernel, (project) => (project === instancePlace ? [accounts] : data))

  const personOf = (project: string, { subject, names = [] }: WhoseInput, ref?: SubjectRef): DataSubject => ({
    project,
    subject,
    names: namesOf([subject, ...names]),
    keyId: ref?.id,
  })
  const counted = async (person: DataSubject, from: readonly SubjectData[]) => {
    const found: SubjectFinding[] = []
    const urns = new Set<string>()
    for (const one of from) {
      for (const count of await one.find(person)) {
        found.push(findingOf(one.capability, count))
        for (const urn of count.urns) urns.add(urn)
      }
    }
    return { found: found.filter(({ count }) => count > 0), urns: [...urns] }
  }
  async function* lines(person: DataSubject, from: readonly SubjectData[]): AsyncGenerator<Line> {
    for (const one of from)
      for await (const { kind, where, record } of one.export(person))
        yield { capability: one.capability, kind, where, record }
  }
  const check = ({ subject, confirm, reason, names = [] }: EraseInput): void => {
    if (confirm !== subject) throw subjectErrors.NOT_CONFIRMED()
    if (holdsName(namesOf([subject, ...names]), reason)) throw subjectErrors.NAMED_IN_REASON()
  }
  const shown = async (project: string, keyId: string): Promise<Erasure> => {
    const [row] = await listErasures(db.read, { project, keyId, limit: 1 })
    if (!row) throw new Error(`The erasure of ${keyId} is not there.`)
    return row
  }
  /** The marks of his names, with those of an erasure before. */
  const marksOf = async (place: {
    project: string
    subject: string
    names: readonly string[]
    fingerprint: string
  }): Promise<string> => {
    const { project, fingerprint } = place
    const about = marksAbout(project, fingerprint)
    const before = await db.read
      .selectFrom('erasure')
      .select('marks')
      .where('project_id', '=', project)
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst()
    const known = before?.marks ? (JSON.parse(await vault.open(before.marks, about)) as PersonNames) : undefined
    return vault.seal(JSON.stringify(markedNames([place.subject, ...place.names], known)), about)
  }
  /** Writes the record in the transaction that destroys the key; a repetition goes on with the one that is there. */
  const record = async (
    place: {
      project: string
      subject: string
      names: readonly string[]
      by: string
      reason: string
      fingerprint: string
      account: string
    },
    counts: { found: readonly SubjectFinding[]; made: readonly string[] },
    destroy: (trx: Parameters<QueueErasure>[0]) => Promise<string>,
  ): Promise<Erasure> => {
    const whose = place.fingerprint || place.account
    const sealed = await vault.seal(place.subject, sealedAbout(place.project, whose))
    const sealedNames = await vault.seal(JSON.stringify(place.names), namesAbout(place.project, place.fingerprint))
    const marks = place.account === '' ? await marksOf(place) : null
    const keyId = await db.write.transaction().execute(async (trx) => {
      const key = await destroy(trx)
      await trx
        .insertInto('erasure')
        .values({
          id: newId('ers'),
          project_id: place.project,
          key_id: key,
          fingerprint: place.fingerprint,
          sealed_subject: sealed,
          state: 'running',
          reason: place.reason,
          erased_at: clock(),
          erased_by: place.by,
          finished_at: null,
          found: JSON.stringify(counts.found),
          changed: '[]',
          models: JSON.stringify(counts.made),
          error: null,
          sealed_names: sealedNames,
          marks,
          looked: '[]',
          left_over: '[]',
        })
        .onConflict((c) =>
          c.columns(['project_id', 'key_id']).doUpdateSet({
            state: 'running',
            sealed_subject: sealed,
            sealed_names: sealedNames,
            marks,
            error: null,
          }),
        )
        .execute()
      await queue(trx, { project: place.project, keyId: key })
      return key
    })
    return shown(place.project, keyId)
  }

  return {
    find: async (scope, whose) => {
      const ref = await subjects.resolve(scope.project, whose.subject)
      const { found, urns } = await counted(personOf(scope.project, whose, ref), data)
      const { models, more } = await affectedModels(lineage, scope, urns)
      const artifacts = await affectedFiles(db.read, lineage, scope, urns)
      return { id: ref.id ?? null, erasedAt: ref.erasedAt ?? null, found, models, moreModels: more, artifacts }
    },
    export: async function* (scope, whose) {
      yield* lines(personOf(scope.project, whose, await subjects.resolve(scope.project, whose.subject)), data)
    },
    erase: async (scope, input) => {
      check(input)
      const { project, principal } = scope
      const ref = await subjects.resolve(project, input.subject)
      // What cannot be counted now must not keep the key alive: the job counts what it changes.
      const { found, urns } = await counted(personOf(project, input, ref), data).catch((error: unknown) => {
        kernel.logger.warn({ err: error }, 'what is erased could not be counted before')
        return { found: [], urns: [] }
      })
      const { models } = await affectedModels(lineage, scope, urns)
      const artifacts = await affectedFiles(db.read, lineage, scope, urns)
      return record(
        {
          project,
          subject: input.subject,
          names: input.names ?? [],
          by: principal.id,
          reason: input.reason,
          fingerprint: ref.hash,
          account: '',
        },
        { found, made: [...models, ...artifacts].map(({ urn }) => urn) },
        async (trx) => (await subjects.erase(trx, ref, principal.id)).id,
      )
    },
    list: (scope, page) => listErasures(db.read, { ...page, project: scope.project }),
    findAccount: async (name) => {
      const { found } = await counted(personOf(instancePlace, { subject: name }), [accounts])
      return { id: null, erasedAt: null, found, models: [], moreModels: false, artifacts: [] }
    },
    exportAccount: (name) => lines(personOf(instancePlace, { subject: name }), [accounts]),
    eraseAccount: async (by, input) => {
      check(input)
      const { found, urns } = await counted(personOf(instancePlace, input), [accounts])
      const account = urns.map((one) => parseUrn(one)?.id).find((one) => one !== undefined)
      if (account === undefined) throw subjectErrors.ACCOUNT_NOT_FOUND()
      parts.mayErase(by, account)
      return record(
        {
          project: instancePlace,
          subject: input.subject,
          names: [],
          by: by.id,
          reason: input.reason,
          fingerprint: '',
          account,
        },
        { found, made: [] },
        async () => account,
      )
    },
    listAll: (page) => listErasures(db.read, page),
  }
}
