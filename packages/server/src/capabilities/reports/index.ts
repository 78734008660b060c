/** Pages that people write about runs and models: Markdown with live panels, versions, comments, one HTML file. */
export { createReports, type Reports } from './reports.ts'
export { reportRoutes } from './routes.ts'
export { reportsTexts } from './personal-texts.ts'
export { runsInReports } from './runs-in-reports.ts'
