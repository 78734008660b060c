import type { ContentPlaces, PlaceKind } from '@trivium/contract'
import { instanceId } from '../../kernel/blobs/index.ts'
import type { Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type ContentPlaceTable, placeOfSecret, tryPlace } from '../../kernel/places/index.ts'
import type { ContentPlace } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { storageErrors } from './errors.ts'
import { requirePlaceAddress } from './place-address.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'vault' | 'sealedRows' | 'places' | 'paths'>

/** What somebody chooses for a project. */
export interface PlaceChoice {
  readonly kind: PlaceKind
  readonly address: string
  readonly username?: string
  readonly secret?: string
}

/** Where projects keep their content. */
export interface ContentPlaceChoices {
  list(scope: Scope): Promise<ContentPlaces>
  /** Throws STORAGE.BAD_PLACE, PLACE_UNUSABLE, TESTED_TOO_OFTEN, BLOB.FOREIGN, and what the way out throws; then nothing has changed. */
  set(scope: Scope, choice: PlaceChoice): Promise<ContentPlaces>
  /** Throws STORAGE.NO_PLACE, TESTED_TOO_OFTEN; what fails is said in the answer. */
  test(scope: Scope): Promise<{ ok: boolean; found: string; ms: number }>
  /** Throws STORAGE.NO_PLACE. */
  clear(scope: Scope): Promise<ContentPlaces>
  /** The hosts of all places that are in use, with the number of projects; `reach` tries the place that was chosen last. */
  hosts(): Promise<{ host: string; address: string; projects: number; reach: () => Promise<string> }[]>
}

const minuteMs = 60_000
const testsAMinute = 6
/** What the person who chooses can mend by himself or an administrator for him; it is said as it is. */
const plainWords = /^(EGRESS\.(DENIED|PLAIN|BAD_URL)|BLOB\.FOREIGN)$/

export function createContentPlaces(kernel: Deps): ContentPlaceChoices {
  const { db, clock, events, vault, places, paths } = kernel
  const tests = new Map<string, number[]>()
  kernel.sealedRows.add({
    table: 'content_place',
    column: 'sealed',
    key: ['id'],
    about: (row) => placeOfSecret(String(row['id'])),
  })

  /** Counted before the test begins, so that many at once are too many too. */
  const take = (project: string): void => {
    const now = clock()
    const recent = (tests.get(project) ?? []).filter((at) => at > now - minuteMs)
    if (recent.length >= testsAMinute)
      throw storageErrors.TESTED_TOO_OFTEN(Math.ceil(((recent[0] ?? now) + minuteMs - now) / 1000))
    tests.set(project, [...recent, now])
  }
  const tried = async (place: ContentPlace, address: string): Promise<void> =>
    tryPlace(place, { instance: await instanceId(db), address, folder: paths.tmp })
  const say = (
    trx: Trx,
    { project, principal }: Scope,
    what: 'chosen' | 'left',
    { id, kind, address }: Pick<ContentPlaceTable, 'id' | 'kind' | 'address'>,
  ) =>
    events.append(trx, {
      project,
      name: `content-place.${what}`,
      schema: 1,
      by: principal.id,
      subject: urn(project, 'content-place', id),
      refs: [],
      data: { kind, address },
    })
  const currentOf = ({ project }: Scope): Promise<ContentPlaceTable | undefined> =>
    db.read
      .selectFrom('content_place')
      .selectAll()
      .where('project_id', '=', project)
      .where('state', '=', 'current')
      .executeTakeFirst()
  const requireCurrent = async (scope: Scope): Promise<ContentPlaceTable> => {
    const row = await currentOf(scope)
    if (!row) throw storageErrors.NO_PLACE(scope.project)
    return row
  }

  const list: ContentPlaceChoices['list'] = async ({ project }) => {
    const rows = await db.read
      .selectFrom('content_place')
      .leftJoin('principal', 'principal.id', 'content_place.set_by')
      .selectAll('content_place')
      .select('principal.name as by_name')
      .where('project_id', '=', project)
      .orderBy('state')
      .orderBy('set_at', 'desc')
      .execute()
    const amounts = await db.read
      .selectFrom('placed_content')
      .select((e) => [
        'place_id',
        e.fn.countAll<number>().as('contents'),
        e.fn.sum<number>('size').as('bytes'),
        e.fn.sum<number>('damaged').as('damaged'),
        e.fn.sum<number>('removing').as('removing'),
      ])
      .where('project_id', '=', project)
      .groupBy('place_id')
      .execute()
    const own = await db.read
      .selectFrom(
        db.read
          .selectFrom('blob_ref')
          .select((e) => ['digest', e.fn.max('size').as('size')])
          .where('project_id', '=', project)
          .where((e) =>
            e.not(
              e.exists(
                e
                  .selectFrom('placed_content')
                  .select('digest')
                  .whereRef('placed_content.project_id', '=', 'blob_ref.project_id')
                  .whereRef('placed_content.digest', '=', 'blob_ref.digest'),
              ),
            ),
          )
          .groupBy('digest')
          .as('held'),
      )
      .select((e) => [e.fn.countAll<number>().as('contents'), e.fn.sum<number>('size').as('bytes')])
      .executeTakeFirstOrThrow()
    return {
      own: { contents: Number(own.contents), bytes: Number(own.bytes ?? 0) },
      places: rows.flatMap((row) => {
        const amount = amounts.find((one) => one.place_id === row.id)
        const current = row.state === 'current'
        // One that was left and holds nothing any more is of no interest.
        if (!current && !amount) return []
        return {
          id: row.id,
          kind: row.kind,
          address: row.address,
          username: row.username,
          credentials: row.sealed === null ? 'none' : row.username === null ? 'token' : 'password',
          current,
          setAt: Number(row.set_at),
          setByName: row.by_name ?? row.set_by,
          contents: Number(amount?.contents ?? 0),
          bytes: Number(amount?.bytes ?? 0),
          damaged: Number(amount?.damaged ?? 0),
          removing: Number(amount?.removing ?? 0),
        }
      }),
    }
  }

  const tryRow = async ({ project_id: project, id, address }: ContentPlaceTable): Promise<string> => {
    const open = await places.find(project, id)
    if (open) await tried(open.place, address)
    return 'a small content was written, read whole and in part, and removed'
  }

  return {
    list,
    hosts: async () => {
      const rows = await db.read
        .selectFrom('content_place')
        .selectAll()
        .where((e) =>
          e.or([
            e('state', '=', 'current'),
            e('id', 'in', e.selectFrom('placed_content').select('place_id').distinct()),
          ]),
        )
        .orderBy('set_at', 'desc')
        .execute()
      const byHost = Map.groupBy(rows, ({ address }) => new URL(address).host)
      return [...byHost].flatMap(([host, [last, ...others]]) =>
        last === undefined
          ? []
          : [
              {
                host,
                address: last.address,
                projects: new Set([last, ...others].map((row) => row.project_id)).size,
                reach: () => tryRow(last),
              },
            ],
      )
    },
    set: async (scope, { kind, username = null, secret = null, ...choice }) => {
      const { project, principal } = scope
      const address = requirePlaceAddress(kind, choice.address, project)
      if (username !== null && secret === null) throw storageErrors.BAD_PLACE(address, 'a user needs a password.')
      if ((kind === 'postgres' || kind === 's3') && username === null)
        throw storageErrors.BAD_PLACE(
          address,
          kind === 's3' ? 'a bucket needs an access key and its secret.' : 'a database needs a user and a password.',
        )
      take(project)
      const place = places.open({ project, kind, address, username, secret })
      try {
        await tried(place, address)
      } catch (error) {
        const { code = '', message } = error as { code?: string; message: string }
        throw plainWords.test(code) ? error : storageErrors.PLACE_UNUSABLE(address, message)
      } finally {
        await place.close()
      }
      const known = await db.read
        .selectFrom('content_place')
        .select('id')
        .where('project_id', '=', project)
        .where('kind', '=', kind)
        .where('address', '=', address)
        .executeTakeFirst()
      const id = known?.id ?? newId('plc')
      const row = {
        username,
        sealed: secret === null ? null : await vault.seal(secret, placeOfSecret(id)),
        state: 'current' as const,
        set_at: clock(),
        set_by: principal.id,
      }
      await db.write.transaction().execute(async (trx) => {
        await trx.updateTable('content_place').set({ state: 'former' }).where('project_id', '=', project).execute()
        await trx
          .insertInto('content_place')
          .values({ id, project_id: project, kind, address, ...row })
          .onConflict((c) => c.column('id').doUpdateSet(row))
          .execute()
        await say(trx, scope, 'chosen', { id, kind, address })
      })
      places.changed(project)
      return list(scope)
    },
    test: async (scope) => {
      const row = await requireCurrent(scope)
      take(scope.project)
      const started = performance.now()
      const outcome = await tryRow(row).then(
        (found) => ({ ok: true, found: `${found[0]?.toUpperCase()}${found.slice(1)}.` }),
        (error: unknown) => ({ ok: false, found: (error as Error).message }),
      )
      return { ...outcome, ms: Math.round(performance.now() - started) }
    },
    clear: async (scope) => {
      const row = await requireCurrent(scope)
      await db.write.transaction().execute(async (trx) => {
        await trx.updateTable('content_place').set({ state: 'former' }).where('id', '=', row.id).execute()
        await say(trx, scope, 'left', row)
      })
      places.changed(scope.project)
      return list(scope)
    },
  }
}
