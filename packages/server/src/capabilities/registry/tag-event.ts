import type { NewEvent } from '../../kernel/events/event-log.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { TagEdit } from './models.ts'
import { modelUrn, versionUrn } from './read-models.ts'

/** Longer values are read where they are told: events stay small. */
const longest = 500

/** Says that a tag of a model or of a version was set or removed. */
export function tagEvent(
  { project, principal }: Scope,
  { model, version }: { model: string; version?: number },
  { key, value }: TagEdit,
): NewEvent {
  const of = version === undefined ? 'model' : 'model-version'
  return {
    project,
    name: `${of}.tag-${value === null ? 'removed' : 'set'}`,
    schema: 1,
    by: principal.id,
    subject: version === undefined ? modelUrn(project, model) : versionUrn(project, model, version),
    refs: [],
    data: {
      model,
      ...(version === undefined ? {} : { version }),
      key,
      ...(value === null ? {} : { value: value.length > longest ? null : value }),
    },
  }
}
