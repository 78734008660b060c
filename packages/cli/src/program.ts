import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { backupCommands } from './commands/backup.ts'
import { accessLogCommand } from './commands/access-log.ts'
import { alertCommands } from './commands/alerts.ts'
import { connectionCommands } from './commands/connections.ts'
import { artifactCommands } from './commands/artifacts.ts'
import { dataCommands } from './commands/data.ts'
import { deploymentCommands } from './commands/deployments.ts'
import { doctorCommand } from './commands/doctor.ts'
import { envCommand } from './commands/env.ts'
import { evaluationCommands } from './commands/evaluations.ts'
import { experimentCommands } from './commands/experiments.ts'
import { baselineCommands } from './commands/baselines.ts'
import { codeCommands } from './commands/code.ts'
import { ideaCommands } from './commands/ideas.ts'
import { importCommands } from './commands/import.ts'
import { eventCommands } from './commands/events.ts'
import { exportCommands } from './commands/export.ts'
import { featureCommands } from './commands/features.ts'
import { inboxCommands } from './commands/inbox.ts'
import { lineageCommands } from './commands/lineage.ts'
import { modelCommands } from './commands/models.ts'
import { monitorCommands } from './commands/monitors.ts'
import { notebookCommand } from './commands/notebook.ts'
import { openCommand } from './commands/open.ts'
import { accessCommands, breakGlassCommands, groupCommands, roleCommands } from './commands/access.ts'
import { peopleCommands } from './commands/people.ts'
import { plugInCommands } from './commands/plug-ins.ts'
import { projectCommands } from './commands/projects.ts'
import { quotaCommands } from './commands/quotas.ts'
import { runCommands } from './commands/runs.ts'
import { reportCommands } from './commands/reports.ts'
import { secretCommands } from './commands/secrets.ts'
import { sessionCommands } from './commands/sessions.ts'
import { storageCommands } from './commands/storage.ts'
import { subjectCommands } from './commands/subjects.ts'
import { tokenCommands } from './commands/tokens.ts'
import { trackCommands } from './commands/track.ts'
import { traceCommands } from './commands/traces.ts'
import { metricCommands } from './commands/metrics.ts'
import { trashCommands } from './commands/trash.ts'
import { webhookCommands } from './commands/webhooks.ts'
import { upCommand } from './commands/up.ts'
import type { Terminal } from './terminal.ts'

/** The whole command line; the reference page is made from it. */
export function createProgram(terminal: Terminal): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('trivium')
    .description('The whole life of a machine-learning model in one system.')
    .version(version, '--version', 'prints the version')
    .helpOption('-h, --help', 'shows help')
    .option('--json', 'prints JSON, one value on one line; errors are JSON on stderr', false)
    .option('--project <name>', 'project to work in (TRIVIUM_PROJECT, else default)')
    .option('--data <directory>', 'data directory of the server on this machine (TRIVIUM_DATA, else ~/.trivium)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text.replace(/^error: /, 'trivium: ')),
    })
    .showHelpAfterError('Type it with --help to see how it is used.')
    .exitOverride()
  for (const add of [
    upCommand,
    doctorCommand,
    envCommand,
    openCommand,
    projectCommands,
    peopleCommands,
    accessCommands,
    roleCommands,
    groupCommands,
    breakGlassCommands,
    backupCommands,
    tokenCommands,
    sessionCommands,
    webhookCommands,
    secretCommands,
    dataCommands,
    artifactCommands,
    featureCommands,
    runCommands,
    experimentCommands,
    ideaCommands,
    baselineCommands,
    codeCommands,
    trackCommands,
    notebookCommand,
    traceCommands,
    importCommands,
    exportCommands,
    metricCommands,
    reportCommands,
    trashCommands,
    evaluationCommands,
    modelCommands,
    deploymentCommands,
    monitorCommands,
    alertCommands,
    inboxCommands,
    lineageCommands,
    eventCommands,
    storageCommands,
    subjectCommands,
    quotaCommands,
    connectionCommands,
    accessLogCommand,
    plugInCommands,
  ])
    add(program, terminal)
  return program
}
