import {
  addIdea,
  changeIdea,
  getVelocity,
  type Idea,
  type IdeaOutcome,
  linkIdeaRuns,
  listIdeas,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, countText, durationText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { experimentOf } from './experiments.ts'
import { runOf } from './run-reference.ts'

const outcomes: readonly IdeaOutcome[] = ['supported', 'refuted', 'unclear']
const said = (idea: Idea): string => `${idea.id} ${idea.title}: ${idea.outcome ?? idea.state}.`

/** `trivium ideas …` and `trivium velocity` */
export function ideaCommands(program: Command, terminal: Terminal): void {
  const group = program.command('ideas').description('Ideas for experiments: what to try, and what came of it.')
  onAction(
    terminal,
    group.command('list').argument('<experiment>', 'its name').description('Lists ideas, the newest first.'),
    async ({ client, project, show }, name: string) => {
      const params = { project, experiment: await experimentOf(client, project, name) }
      show(await client.call(listIdeas, { params }), ({ ideas }) =>
        ideas.length === 0
          ? 'No ideas yet. trivium ideas add EXPERIMENT TITLE adds one.'
          : tableText(
              ['id', 'idea', 'state', 'runs', 'compute', 'hypothesis'],
              ideas.map((idea) => [
                idea.id,
                idea.title,
                idea.outcome ?? idea.state,
                idea.runs,
                durationText(idea.spentMs),
                idea.hypothesis,
              ]),
            ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('add')
      .argument('<experiment>', 'its name')
      .argument('<title>', 'what to try')
      .option('--hypothesis <text>', 'what is expected, and why')
      .option('--source <text>', 'where it comes from')
      .description('Adds an idea to an experiment.'),
    async ({ client, project, options, show }, name: string, title: string) => {
      const { hypothesis, source } = options as { hypothesis?: string; source?: string }
      const params = { project, experiment: await experimentOf(client, project, name) }
      const body = {
        title,
        ...(hypothesis === undefined ? {} : { hypothesis }),
        ...(source === undefined ? {} : { source }),
      }
      show(
        await client.call(addIdea, { params, body }),
        (idea) => `${said(idea)} A run tries it once it has the tag trivium.idea=${idea.id}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('choose')
      .argument('<idea>', 'its id')
      .option('--hypothesis <text>', 'what is expected, and why; needed where none is written down')
      .description('Chooses an idea to be tried.'),
    async ({ client, project, options, show }, idea: string) => {
      const { hypothesis } = options as { hypothesis?: string }
      const body = { state: 'chosen' as const, ...(hypothesis === undefined ? {} : { hypothesis }) }
      show(await client.call(changeIdea, { params: { project, idea }, body }), said)
    },
  )
  onAction(
    terminal,
    group
      .command('drop')
      .argument('<idea>', 'its id')
      .argument('<reason>', 'why it is not worth trying')
      .description('Drops an idea.'),
    async ({ client, project, show }, idea: string, reason: string) =>
      show(await client.call(changeIdea, { params: { project, idea }, body: { state: 'dropped', reason } }), said),
  )
  onAction(
    terminal,
    group
      .command('conclude')
      .argument('<idea>', 'its id')
      .argument('<outcome>', outcomes.join(', '))
      .argument('<reason>', 'what showed it')
      .description('Says what trying an idea showed.'),
    async ({ client, project, show }, idea: string, text: string, reason: string) => {
      const outcome = outcomes.find((one) => one === text)
      if (!outcome) throw new UsageError(`An outcome is ${outcomes.join(', ')}, not "${text}".`)
      const body = { state: 'concluded' as const, outcome, reason }
      show(await client.call(changeIdea, { params: { project, idea }, body }), said)
    },
  )
  onAction(
    terminal,
    group
      .command('link')
      .argument('<idea>', 'its id')
      .argument('<run...>', 'ids or names of runs')
      .option('--remove', 'they no longer try it')
      .description('Says of runs that they try an idea.'),
    async ({ client, project, options, show }, idea: string, references: string[]) => {
      const runs: string[] = []
      for (const reference of references) runs.push(await runOf(client, project, reference))
      const body = { runs, linked: options['remove'] !== true }
      show(
        await client.call(linkIdeaRuns, { params: { project, idea }, body }),
        (found) => `${said(found)} ${amountText(found.runs, 'run')}.`,
      )
    },
  )
  onAction(
    terminal,
    program
      .command('velocity')
      .option('--weeks <number>', 'so many, this one included', wholeNumber, 12)
      .description('Shows ideas evaluated by week, and the time from idea to trained model.'),
    async ({ client, project, options, show }) => {
      const query = { weeks: Number(options['weeks']) }
      show(await client.call(getVelocity, { params: { project }, query }), ({ weeks, ideaToModel, people }) =>
        [
          tableText(
            ['week of', 'ideas added', 'evaluated', 'runs ended', 'failed'],
            weeks.map((week) => [timeText(week.start), week.added, week.evaluated, week.runs, week.failed]),
          ),
          ideaToModel.medianMs === null
            ? 'No idea was evaluated in these weeks.'
            : `Half of ${countText(ideaToModel.n)} ideas were a trained model in ${durationText(ideaToModel.medianMs)}${ideaToModel.lowMs === null || ideaToModel.highMs === null ? '' : ` (95 % interval ${durationText(ideaToModel.lowMs)} to ${durationText(ideaToModel.highMs)})`}.`,
          ...(people.length > 0
            ? [
                tableText(
                  ['person', 'added', 'evaluated'],
                  people.map((one) => [one.name, one.added, one.evaluated]),
                ),
              ]
            : []),
        ].join('\n\n'),
      )
    },
  )
}
