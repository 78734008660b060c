/** Keys of people, which seal what is personal and are destroyed to erase it (ADR 12). */
export { isSealed, keyIdOf, keyMark } from './sealed-text.ts'
export { sealedRoots } from './subject-roots.ts'
export { createSubjects, type Sealer, type SubjectKeyRow, type SubjectRef, type Subjects } from './subjects.ts'
export { type SubjectKeyTable, subjectTables } from './tables.ts'
export { openTable, readSealed, replaceColumns, sealTable, type SealedTableDeps } from './sealed-tables.ts'
export { heldRows, type HeldRows, textColumns } from './held-rows.ts'
export { type LocalPeople, localPeople } from './local-people.ts'
export {
  distinctNames,
  hasNames,
  hintsOf,
  holdsName,
  isName,
  markedNames,
  namesOf,
  type PersonNames,
  redactNames,
} from './person-names.ts'
