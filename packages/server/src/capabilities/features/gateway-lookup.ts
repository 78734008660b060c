import { defineErrors } from '../../kernel/errors/index.ts'
import type { OnlineReader, OnlineView } from '../../kernel/ports/online-store.ts'
import { type LocalPeople, localPeople } from '../../kernel/subjects/local-people.ts'
import {
  type CompiledView,
  featuresOf,
  keyParts,
  keySeparator,
  openedValues,
  sealedKey,
  sealedTexts,
  windowOf,
} from './online.ts'

const peopleErrors = defineErrors('FEATURES', {
  KEYS_NOT_HERE: {
    status: 503,
    message: (view: string) =>
      `Rows of feature view "${view}" are encrypted for people, and the server has not handed their keys on yet. Try again.`,
  },
})

/** Computes features in the gateway, which has the online store and no database. */
export interface GatewayLookup {
  /** The roots of the keys of people, by project, as the server of this machine says them; they stay in memory. */
  setRoots(roots: Readonly<Record<string, string>>): void
  lookup(
    project: string,
    view: OnlineView,
    keys: Readonly<Record<string, unknown>>,
    asOf: number,
  ): Record<string, number | null>
}

export function createGatewayLookup(online: OnlineReader): GatewayLookup {
  let people: ReadonlyMap<string, LocalPeople> = new Map()
  return {
    setRoots: (roots) => {
      people = new Map(
        Object.entries(roots).map(([project, root]) => [
          project,
          localPeople(root, project, (by, value) => online.person(project, by, value)),
        ]),
      )
    },
    lookup: (project, found, values, asOf) => {
      const view = found as CompiledView
      const known = people.get(project)
      const parts = keyParts(view, values)
      const plain = parts.join(keySeparator)
      if (!known) {
        const rows = windowOf(online, project, view, [plain], asOf)
        // Nothing found may mean that it stands under a key that only the root of the project tells.
        if (rows.length === 0 ? online.keyForms(project, view.name).length > 0 : rows.some((row) => sealedTexts(row)))
          throw peopleErrors.KEYS_NOT_HERE(view.name)
        return featuresOf(
          view,
          rows.map((row) => row.values),
        )
      }
      const sealed = online
        .keyForms(project, view.name)
        .map((form) => sealedKey(view.keys, parts, form, known))
        .filter((key) => key !== undefined)
      const rows = windowOf(online, project, view, [...new Set([plain, ...sealed])], asOf)
      return featuresOf(
        view,
        rows.map((row) => openedValues(row, known.open).values),
      )
    },
  }
}
