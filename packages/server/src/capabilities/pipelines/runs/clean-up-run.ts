import { urn } from '../../../kernel/ids/index.ts'
import { addBlobRef } from '../../../kernel/blobs/index.ts'
import type { ClaimedJob } from '../../../kernel/jobs/index.ts'
import type { Engine } from './engine.ts'

/** After a run has ended: its tokens are revoked, its logs are kept as blobs only. */
export async function cleanUpRun(engine: Engine, job: ClaimedJob<{ run: string }>): Promise<void> {
  const { project, input } = job
  await engine.tokens.revoke({ project, id: input.run })
  engine.secrets.runEnded(project, input.run)
  const attempts = await engine.db.read
    .selectFrom('pipeline_attempt')
    .select(['step', 'attempt', 'log_digest'])
    .where('project_id', '=', project)
    .where('run_id', '=', input.run)
    .where('log_digest', 'is not', null)
    .execute()
  const owner = urn(project, 'pipeline-run', input.run)
  await job.complete(async (trx) => {
    for (const { log_digest: digest } of attempts)
      if (digest !== null) await addBlobRef(trx, { project, digest, owner, size: 0, at: engine.clock() })
  })
  for (const { step, attempt } of attempts) await engine.logs.remove({ project, run: input.run, step, attempt })
}
