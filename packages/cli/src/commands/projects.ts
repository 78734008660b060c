import { createProject, listProjects } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium project …` */
export function projectCommands(program: Command, terminal: Terminal): void {
  const group = program.command('project').alias('projects').description('Projects: nobody sees into another one.')
  onAction(
    terminal,
    group.command('list').description('Lists the projects that you may see.'),
    async ({ client, show }) => {
      show(await client.call(listProjects, {}), ({ projects }) =>
        tableText(
          ['name', 'title', 'made'],
          projects.map(({ name, title, createdAt }) => [name, title, timeText(createdAt)]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('create')
      .argument('<name>', 'lower-case letters, digits and hyphens')
      .option('--title <text>', 'what people read')
      .description('Makes a project.'),
    async ({ client, options, show }, name: string) => {
      const title = options['title'] as string | undefined
      show(
        await client.call(createProject, { body: { name, ...(title === undefined ? {} : { title }) } }),
        (made) => `Project ${made.name} is there.`,
      )
    },
  )
}
