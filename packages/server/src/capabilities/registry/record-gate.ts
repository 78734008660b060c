import type { Evidence } from '@trivium/contract'
import { digestOf, parseUrn } from '../../kernel/ids/index.ts'
import { actOnce } from '../../kernel/jobs/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { attachEvidence } from './evidence.ts'
import type { RegistryDeps } from './models.ts'
import { versionUrn } from './read-models.ts'

/** Attaches a gate's evidence and makes it the version's last word, once under the key; returns the evidence that was recorded. Event `gate.passed` or `gate.rejected`. */
export async function recordGate(
  deps: RegistryDeps,
  scope: Scope,
  model: string,
  version: number,
  evidence: Evidence,
  once: string,
): Promise<Evidence> {
  const { db, clock, events } = deps
  const { project } = scope
  const passed = evidence.verdict === 'passed'
  const { result } = await db.write.transaction().execute((trx) =>
    actOnce(trx, { project, key: `${once}/gate`, at: clock() }, async () => {
      if (!(await attachEvidence(deps, trx, scope, model, version, evidence))) return evidence
      await trx
        .updateTable('model_version')
        .set({ gate: passed ? 'passed' : 'failed', gate_reason: evidence.summary })
        .where('project_id', '=', project)
        .where('model', '=', model)
        .where('version', '=', version)
        .execute()
      const subject = versionUrn(project, model, version)
      await events.append(trx, {
        project,
        name: passed ? 'gate.passed' : 'gate.rejected',
        schema: 1,
        by: scope.principal.id,
        subject,
        refs: evidence.subjects
          .filter((urn) => urn !== subject && parseUrn(urn))
          .map((urn) => ({ rel: 'input' as const, urn, as: 'judged-by' })),
        eventTime: evidence.at,
        data: {
          model,
          version,
          reason: evidence.summary,
          evidence: digestOf(evidence),
          fact: passed ? 'gate passed' : 'gate rejected',
        },
      })
      return evidence
    }),
  )
  return result
}
