import { gitTags, groupTag, type ModelVersionRow, type RunDetail } from '@trivium/contract'
import { AppLink } from '../../ui/app-link.tsx'
import { CommitAtHost } from '../../ui/commit-link.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Hash } from '../../ui/hash.tsx'
import { Aside } from '../../ui/section.tsx'
import { State, StateGlyph } from '../../ui/state.tsx'
import { ReportLinks } from '../reports/report-links.tsx'
import { ArtifactTree } from './artifact-tree.tsx'
import { writeEquals } from './run-keys.ts'
import { runStatus } from './run-status.ts'

interface RunAsideProps {
  readonly project: string
  readonly run: RunDetail
  readonly versions: readonly ModelVersionRow[]
}

/** What the run was made from, and what was made from it. */
export function RunAside({ project, run, versions }: RunAsideProps) {
  const group = run.tags[groupTag]
  return (
    <>
      {group !== undefined && (
        <Aside title="Group">
          <AppLink className="link" href={groupHref(project, run, group)}>
            {group}
          </AppLink>
        </Aside>
      )}
      <Aside title="Made from">
        {run.madeFrom.length === 0 && run.inputs.length === 0 ? (
          <p className="t2">It named no data, code or environment.</p>
        ) : (
          <ul className="stack gap-8">
            {run.madeFrom.map(({ urn, as }) => {
              const entity = parseUrn(urn)
              const started = entity?.kind === 'pipeline-run'
              return (
                entity && (
                  <li key={urn} className="row wrap">
                    <EntityLink
                      kind={entity.kind}
                      name={entity.id.length > 20 ? entity.id.slice(0, 10) : entity.name}
                      id={entity.id}
                      version={entity.version}
                      look="bare"
                      href={
                        ['code', 'commit', 'environment'].includes(entity.kind)
                          ? `/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(urn)}`
                          : undefined
                      }
                    >
                      {started ? 'pipeline run' : undefined}
                    </EntityLink>
                    <span className="t3 sm">{as.replaceAll('-', ' ')}</span>
                    {entity.kind === 'commit' && (
                      <CommitAtHost commit={entity.id} repository={run.tags[gitTags.repository]} />
                    )}
                  </li>
                )
              )
            })}
            {run.inputs
              .filter((input) => input.urn === null)
              .map((input) => (
                <li key={`${input.name}-${input.digest}`} className="row wrap">
                  <span>{input.name}</span>
                  <Hash value={input.digest} form="id" />
                  <span className="t3 sm">{input.context ?? input.sourceType}</span>
                </li>
              ))}
          </ul>
        )}
      </Aside>
      <ReportLinks project={project} urn={run.urn} />
      <Aside title="Registered as">
        {versions.length === 0 ? (
          <p className="t2">No version of a model came from it.</p>
        ) : (
          <ul className="stack gap-8">
            {versions.map((version) => (
              <li key={version.urn}>
                <EntityLink
                  kind="model"
                  name={version.model}
                  version={version.version}
                  alias={version.aliases[0]}
                  look="bare"
                  strong
                />
              </li>
            ))}
          </ul>
        )}
      </Aside>
      {run.loggedModels.map((model) => (
        <Aside
          key={model.id}
          title={
            <EntityLink
              kind="logged-model"
              name={model.name}
              id={model.id}
              look="name"
              href={`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(`trivium://${project}/logged-model/${model.id}`)}`}
            >
              {model.name === 'model' ? 'Logged model' : `Logged model ${model.name}`}
            </EntityLink>
          }
          note={model.modelType || undefined}
          end={model.status !== 'READY' && <State kind="run">{model.status.toLowerCase().replace('_', ' ')}</State>}
        >
          <ArtifactTree project={project} of={{ loggedModel: model.id }} />
        </Aside>
      ))}
      {(run.children.length > 0 || run.parent !== null) && (
        <Aside title="Nested runs">
          <ul className="stack gap-8">
            {run.parent !== null && (
              <li className="row">
                <EntityLink kind="run" name={run.parent.slice(0, 8)} id={run.parent} look="bare" />
                <span className="t3 sm">holds this one</span>
              </li>
            )}
            {run.children.slice(0, 20).map((child) => (
              <li key={child.id} className="row">
                <StateGlyph kind={runStatus(child).kind} label={runStatus(child).word} />
                <EntityLink kind="run" name={child.name} id={child.id} look="name" />
              </li>
            ))}
          </ul>
          {run.children.length > 20 && <p className="sm t3 mt-4">The first 20 of {run.children.length}.</p>}
        </Aside>
      )}
    </>
  )
}

/** The runs of the group, in the table of the experiment. */
function groupHref(project: string, run: RunDetail, group: string): string {
  const filter = writeEquals({ id: `tags.${groupTag}`, group: 'tags', key: groupTag }, group)
  return `/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(run.experiment)}?filter=${encodeURIComponent(filter)}`
}
