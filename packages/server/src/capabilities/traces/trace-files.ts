import type { ArtifactEntry } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { maskOf } from '../access/index.ts'
import {
  type ArtifactContent,
  artifactDirectory,
  type ArtifactOwner,
  listArtifacts,
  removeArtifacts,
  requireArtifact,
  storeArtifact,
} from '../tracking/index.ts'
import { traceErrors } from './errors.ts'
import { heldTraces, type TraceDeps } from './log-spans.ts'
import './tables.ts'

/** A trace, and the experiment that its address names. */
export interface TraceFileOwner {
  readonly experiment: string
  readonly trace: string
}

/** Files of traces: spans that clients before 3.4 put there (`traces.json`), and what newer ones attach. */
export interface TraceFiles {
  put(scope: Scope, of: TraceFileOwner, path: string, content: ArtifactContent): Promise<void>
  list(scope: Scope, of: TraceFileOwner, directory: string): Promise<ArtifactEntry[]>
  /** Throws where there is no such file, or where the reader may not see what it holds. */
  find(scope: Scope, of: TraceFileOwner, path: string): Promise<{ path: string; digest: string; size: number }>
  remove(scope: Scope, of: TraceFileOwner, path: string): Promise<void>
}

export const traceFileOwner = (trace: string): ArtifactOwner => ({ kind: 'trace', id: trace })

export function createTraceFiles(deps: TraceDeps): TraceFiles {
  const { db } = deps
  const check = async ({ project }: Scope, { experiment, trace }: TraceFileOwner): Promise<void> => {
    const row = await db.read
      .selectFrom('trace')
      .select('experiment_id')
      .where('project_id', '=', project)
      .where('id', '=', trace)
      .executeTakeFirst()
    if (row?.experiment_id !== experiment) throw traceErrors.TRACE_NOT_FOUND(trace)
  }
  const hold = (scope: Scope, trace: string) => async (trx: Trx) => {
    if ((await heldTraces(db, trx, scope.project, [trace])).length === 0) throw traceErrors.TRACE_NOT_FOUND(trace)
  }
  return {
    put: async (scope, of, path, content) => {
      await check(scope, of)
      await storeArtifact(deps, scope.project, traceFileOwner(of.trace), path, content, hold(scope, of.trace))
    },
    list: async (scope, of, directory) => {
      await check(scope, of)
      return listArtifacts(db.read, scope.project, traceFileOwner(of.trace), artifactDirectory(directory), false)
    },
    find: async (scope, of, path) => {
      await check(scope, of)
      // A file is handed out whole: nothing in it could be masked.
      if (!permits(scope, 'data:read-personal') && (await maskOf(db.read, scope)).any)
        throw traceErrors.PERSONAL_FILE(path.slice(0, 200))
      return requireArtifact(db.read, scope.project, traceFileOwner(of.trace), path)
    },
    remove: async (scope, of, path) => {
      await check(scope, of)
      await db.write.transaction().execute(async (trx) => {
        await hold(scope, of.trace)(trx)
        await removeArtifacts(trx, scope.project, traceFileOwner(of.trace), artifactDirectory(path))
      })
    },
  }
}
