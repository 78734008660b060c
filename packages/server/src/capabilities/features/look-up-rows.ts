import type { Kernel } from '../../kernel/kernel.ts'
import type { OnlineReader, OnlineRow } from '../../kernel/ports/index.ts'
import { localPeople } from '../../kernel/subjects/index.ts'
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

export interface LookedUp {
  readonly features: Record<string, number | null>
  /** Something that it would be made of was of somebody who was erased. */
  readonly erased: boolean
}

/** Features of entities from the online store, as the server computes them: with the keys of people as the database has them now. */
export async function lookUpRows(
  deps: { online: OnlineReader } & Pick<Kernel, 'subjects'>,
  project: string,
  view: CompiledView,
  keys: readonly Record<string, unknown>[],
  asOf: number,
): Promise<LookedUp[]> {
  const { online, subjects } = deps
  const forms = online.keyForms(project, view.name)
  const root = forms.length === 0 ? undefined : await subjects.root(project)
  const people =
    root === undefined ? undefined : localPeople(root, project, (by, value) => online.person(project, by, value))
  const windows = keys.map((key) => {
    const parts = keyParts(view, key)
    const sealed = people ? forms.map((form) => sealedKey(view.keys, parts, form, people)) : []
    const all = [parts.join(keySeparator), ...sealed.filter((one) => one !== undefined)]
    return windowOf(online, project, view, [...new Set(all)], asOf)
  })
  return featuresOfWindows(deps, project, view, windows)
}

/** Opens what is sealed in the rows of each window, and computes their features. */
export async function featuresOfWindows(
  { subjects }: Pick<Kernel, 'subjects'>,
  project: string,
  view: CompiledView,
  windows: readonly (readonly OnlineRow[])[],
): Promise<LookedUp[]> {
  const texts = windows.flat().flatMap((row) => sealedTexts(row) ?? [])
  const open = texts.length === 0 ? (): undefined => undefined : await subjects.opener(project, texts)
  return windows.map((rows) => {
    const opened = rows.map((row) => openedValues(row, open))
    return {
      features: featuresOf(
        view,
        opened.map(({ values }) => values),
      ),
      erased: opened.some(({ erased }) => erased),
    }
  })
}
