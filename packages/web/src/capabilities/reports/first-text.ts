/** What a new report begins with: one panel that works in every project, and the form of others. */
export const firstText = `What was asked, what was found, what follows.

\`\`\`panel
kind: table
title: The newest runs
sort: -start_time
limit: 5
\`\`\`
`
