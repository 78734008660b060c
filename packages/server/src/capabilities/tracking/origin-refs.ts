import type { EventRef } from '@trivium/contract'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { RunInputTable } from './tables.ts'

const id = /^[A-Za-z0-9][\w.:+-]{0,199}$/

/** The URN that a tag means: one of this project and kind, or an id from which one is made. */
export function urnFromTag(project: string, kind: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  const parts = parseUrn(value)
  if (parts) return parts.project === project && parts.kind === kind ? value : undefined
  return id.test(value) ? urn(project, kind, value) : undefined
}

/** Where a run came from, as its tags and inputs say: edges of the lineage graph. */
export function originRefs(
  project: string,
  run: {
    pipelineRun: string | null
    parent: string | null
    tags: ReadonlyMap<string, string>
    inputs: readonly Pick<RunInputTable, 'urn' | 'context'>[]
  },
): EventRef[] {
  const refs: EventRef[] = []
  const add = (target: string | undefined | null, as: string, rel: EventRef['rel'] = 'input'): void => {
    if (target && !refs.some((ref) => ref.urn === target && ref.as === as)) refs.push({ rel, urn: target, as })
  }
  add(run.pipelineRun, 'started-by')
  for (const input of run.inputs)
    add(
      input.urn,
      input.context === null || input.context === 'training'
        ? 'trained-on'
        : `read-for-${input.context
            .toLowerCase()
            .replaceAll(/[^a-z0-9]+/g, '-')
            .slice(0, 40)}`,
    )
  add(urnFromTag(project, 'commit', run.tags.get('mlflow.source.git.commit')), 'code')
  add(urnFromTag(project, 'code', run.tags.get('trivium.code')), 'code')
  add(urnFromTag(project, 'environment', run.tags.get('trivium.environment')), 'environment')
  add(urnFromTag(project, 'run', run.parent ?? undefined), 'nested-in', 'about')
  return refs
}
