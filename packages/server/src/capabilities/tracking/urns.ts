import { type Urn, urn } from '../../kernel/ids/index.ts'

/** A run in the lineage graph. */
export function runUrn(project: string, run: string): Urn {
  return urn(project, 'run', run)
}

/** Who holds the content of artifacts: a run, a logged model, or what another capability keeps files for (a trace). It is the key of the manifest. */
export interface ArtifactOwner {
  readonly kind: 'run' | 'logged-model' | 'trace'
  readonly id: string
}

export const ownerKey = ({ kind, id }: ArtifactOwner): string => `${kind}/${id}`

export const ownerUrn = (project: string, { kind, id }: ArtifactOwner): Urn => urn(project, kind, id)
