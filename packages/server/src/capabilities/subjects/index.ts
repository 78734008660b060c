/** People in the data: looked up, taken out as a file, erased in every capability, with a record that names nobody. */
export { queueErasure } from './complete-erasures.ts'
export { erasureLines, type ErasureLine, parseErasureLines } from './erasure-lines.ts'
export { kernelTexts } from './kernel-texts.ts'
export { erasuresFile } from './note-erasure.ts'
export { subjectRoutes } from './routes.ts'
export { createSubjectRequests, type SubjectRequests } from './subject-requests.ts'
import './tables.ts'
