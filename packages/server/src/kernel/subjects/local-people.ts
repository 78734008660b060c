import { isSealed, keyIdOf, keyMark, openText, sealText, type SubjectKey } from './sealed-text.ts'
import { openRoot, type SubjectRoot } from './subject-roots.ts'
import type { SubjectKeyRow } from './subjects.ts'

/** People whose wrapped keys lie on this machine, for a process that has the root of a project and no database. */
export interface LocalPeople {
  /** What stands for a person where rows are looked up by him; undefined for somebody of whom nothing was sealed here. */
  mark(subject: string): string | undefined
  /** The text that a value was sealed to, as a `Sealer` makes it; undefined for somebody unknown. */
  seal(subject: string, place: string, value: string): string | undefined
  /** The plain text; undefined for what was erased or changed. */
  open(text: string): string | undefined
}

/** Opens and seals with keys that `find` looks up, by the hash of a person or by the id of a key. */
export function localPeople(
  root: string,
  project: string,
  find: (by: 'subject' | 'id', value: string) => SubjectKeyRow | undefined,
): LocalPeople {
  const opened: SubjectRoot = openRoot(Buffer.from(root, 'base64'))
  const rowOf = (subject: string): SubjectKeyRow | undefined => {
    const id = keyIdOf(subject)
    return id === undefined ? find('subject', opened.hash(subject)) : find('id', id)
  }
  const keyOf = (row: SubjectKeyRow | undefined): SubjectKey | undefined =>
    row === undefined || row.sealed === null ? undefined : opened.unwrap(row.sealed, `subject/${project}/${row.id}`)
  return {
    mark: (subject) => {
      const row = rowOf(subject)
      return row && keyMark(row.id)
    },
    seal: (subject, place, value) => {
      if (isSealed(value)) return value
      const row = rowOf(subject)
      return row && sealText(keyOf(row), { project, id: row.id, place }, value)
    },
    open: (text) => {
      const key = keyOf(find('id', keyIdOf(text) ?? ''))
      return key && openText(key, project, text)
    },
  }
}
