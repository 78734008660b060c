/** Keys of people, which seal what is personal and are destroyed to erase it (ADR 12). */
export { isSealed, keyIdOf, sealedMark } from './sealed-text.ts'
export { sealedRoots } from './subject-roots.ts'
export { createSubjects, type SubjectRef, type Subjects } from './subjects.ts'
export { type SubjectKeyTable, subjectTables } from './tables.ts'
