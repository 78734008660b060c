import type { ArchivePolicy, ArchivePreview, SavedArchivePolicy } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { trackingErrors } from '../errors.ts'
import type { TrackingDeps } from '../experiments.ts'
import type { RunHolder } from '../trash/held-runs.ts'
import { runUrn } from '../urns.ts'
import type { BestRunsInput, OldRun, OldRunsInput } from './old-runs-thread.ts'
import './tables.ts'

const module = new URL(`./old-runs-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const jobKind = 'tracking.archive-by-policy'
const system = 'system:tracking'
const dayMs = 86_400_000
/** Runs that are read together, and those of them that one transaction archives. */
const pageSize = 1000
const atOnce = 200
const shown = 50

type Deps = TrackingDeps & Pick<Kernel, 'jobs' | 'logger'>

/** Runs go into the archive by a policy of their project, once a day; what somebody needs stays. */
export interface ArchivePolicies {
  read(scope: Scope): Promise<SavedArchivePolicy>
  preview(scope: Scope, policy: ArchivePolicy): Promise<ArchivePreview>
  save(scope: Scope, policy: ArchivePolicy | null): Promise<SavedArchivePolicy>
  /** Archives what is old now; returns how many runs. */
  run(project: string, signal?: AbortSignal): Promise<number>
}

/** Which runs something needs, by what: higher floors know it. */
export interface ArchiveHolders {
  readonly model: RunHolder
  readonly cited: RunHolder
}

export function createArchivePolicies(deps: Deps, holders: ArchiveHolders): ArchivePolicies {
  const { db, clock, events, jobs, logger } = deps

  const offload = async <T>(name: string, input: OldRunsInput | BestRunsInput): Promise<T> =>
    JSON.parse(Buffer.from(await db.offload({ module, name, input, slow: true })).toString()) as T
  /** All old runs, each with what keeps it, a page at a time. */
  async function* judged(project: string, policy: ArchivePolicy) {
    const byValue = policy.keepBest > 0 && policy.metric !== null
    const best = new Set(byValue ? await offload<string[]>('bestRunBytes', { project, policy }) : [])
    const before = clock() - policy.days * dayMs
    for (let after = ''; ; ) {
      const page = await offload<OldRun[]>('oldRunBytes', { project, before, after, most: pageSize })
      const ids = page.filter(({ id, kept }) => kept === null && !best.has(id)).map(({ id }) => id)
      const [model, cited] = [await holders.model(project, ids), await holders.cited(project, ids)]
      yield page.map((run) => ({
        run,
        kept:
          run.kept ??
          (best.has(run.id)
            ? ('best' as const)
            : model.has(run.id)
              ? ('model' as const)
              : cited.has(run.id)
                ? ('cited' as const)
                : null),
      }))
      const last = page.at(-1)
      if (!last || page.length < pageSize) return
      after = last.id
    }
  }
  const rowOf = (project: string) =>
    db.read.selectFrom('archive_policy').selectAll().where('project_id', '=', project).executeTakeFirst()
  const read = async (project: string): Promise<SavedArchivePolicy> => {
    const row = await rowOf(project)
    return row
      ? {
          policy: JSON.parse(row.policy) as ArchivePolicy,
          savedAt: row.saved_at,
          savedByName: row.saved_by_name,
          lastAt: row.last_at,
          archived: row.archived,
        }
      : null
  }
  const enqueue = (trx: Trx, project: string, notBefore: number): Promise<unknown> =>
    jobs.enqueue(trx, { project, kind: jobKind, key: 'policy', input: {}, notBefore })
  const requireWhole = (policy: ArchivePolicy): void => {
    if (policy.keepBest > 0 && policy.metric === null)
      throw trackingErrors.INVALID('Name the metric by which the best runs are known, or keep none of them (0).')
  }
  /** Archives those of the runs that nobody archived, deleted or went on with since they were read. */
  const archive = (project: string, ids: readonly string[], because: string): Promise<number> =>
    db.write.transaction().execute(async (trx) => {
      const moved = await trx
        .updateTable('run')
        .set({ archived_at: clock(), archived_because: because })
        .where('project_id', '=', project)
        .where('id', 'in', ids)
        .where('archived_at', 'is', null)
        .where('brought_back_at', 'is', null)
        .where('lifecycle', '=', 'active')
        .where('status', 'not in', ['RUNNING', 'SCHEDULED'])
        .returning(['id', 'name'])
        .execute()
      for (const { id, name } of moved)
        await events.append(trx, {
          project,
          name: 'run.archived',
          schema: 1,
          by: system,
          subject: runUrn(project, id),
          refs: [],
          data: { name, policy: because },
        })
      return moved.length
    })

  const run: ArchivePolicies['run'] = async (project, signal) => {
    const saved = await read(project)
    if (!saved) return 0
    const because = policyWords(saved)
    let moved = 0
    for await (const page of judged(project, saved.policy)) {
      const ids = page.filter(({ kept }) => kept === null).map((one) => one.run.id)
      for (let start = 0; start < ids.length; start += atOnce) {
        signal?.throwIfAborted()
        moved += await archive(project, ids.slice(start, start + atOnce), because)
      }
    }
    await db.write.transaction().execute((trx) =>
      trx
        .updateTable('archive_policy')
        .set((e) => ({ last_at: clock(), archived: e('archived', '+', moved) }))
        .where('project_id', '=', project)
        .execute(),
    )
    return moved
  }

  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: async (job) => {
      const moved = await run(job.project, job.signal)
      if (moved > 0) logger.info({ project: job.project, runs: moved }, 'archived runs by the policy of their project')
      if (await rowOf(job.project)) await job.complete((trx) => enqueue(trx, job.project, clock() + dayMs))
    },
    onFailed: async (trx, job) => void (await enqueue(trx, job.project, clock() + dayMs)),
  })

  return {
    read: ({ project }) => read(project),
    run,
    preview: async ({ project }, policy) => {
      requireWhole(policy)
      const found: ArchivePreview = {
        old: 0,
        archived: 0,
        kept: { pinned: 0, broughtBack: 0, best: 0, model: 0, cited: 0 },
        runs: [],
      }
      for await (const page of judged(project, policy)) {
        const going = page
          .filter(({ kept }) => kept === null)
          .map(({ run: { id, name, experiment, endedAt } }) => ({ id, name, experiment, endedAt }))
        found.old += page.length
        found.archived += going.length
        for (const { kept } of page) if (kept !== null) found.kept[kept] += 1
        found.runs = [...found.runs, ...going].toSorted((a, b) => a.endedAt - b.endedAt).slice(0, shown)
      }
      return found
    },
    save: async ({ project, principal }, policy) => {
      if (policy) requireWhole(policy)
      await db.write.transaction().execute(async (trx) => {
        if (policy) {
          const saved = {
            policy: JSON.stringify(policy),
            saved_at: clock(),
            saved_by_name: principal.name,
            last_at: null,
            archived: 0,
          }
          await trx
            .insertInto('archive_policy')
            .values({ project_id: project, ...saved })
            .onConflict((row) => row.column('project_id').doUpdateSet(saved))
            .execute()
          await jobs.withdraw(trx, { project, kind: jobKind, key: 'policy' })
          await enqueue(trx, project, clock())
        } else await trx.deleteFrom('archive_policy').where('project_id', '=', project).execute()
        await events.append(trx, {
          project,
          name: policy ? 'archive-policy.set' : 'archive-policy.removed',
          schema: 1,
          by: principal.id,
          subject: urn(project, 'project', project),
          refs: [],
          data: policy ? { ...policy } : {},
        })
      })
      return read(project)
    },
  }
}

/** What a run says of the policy that archived it. */
function policyWords({ policy, savedAt, savedByName }: NonNullable<SavedArchivePolicy>): string {
  const { days, keepBest, metric } = policy
  const best = keepBest > 0 ? `, not among the best ${keepBest} by ${metric ?? ''}` : ''
  return `ended more than ${days} days ago${best}: policy of ${savedByName}, ${new Date(savedAt).toISOString().slice(0, 10)}`
}
