import { groupTag } from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import { keyValue } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { trackCommand } from '../tracked/track-command.ts'

/** `trivium track -- COMMAND` */
export function trackCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('track')
      .argument('<command...>', 'what to run, after --')
      .option('--experiment <name>', 'made if there is none of that name', 'Default')
      .option('--name <name>', 'name of the run')
      .option('--group <name>', 'runs of one group belong together: folds, seeds, one attempt')
      .option('--parent <run>', 'id of the run that this one is nested in')
      .option('--param <name=value>', 'parameter of the run; repeat it for several', keyValue)
      .option('--tag <name=value>', 'tag of the run; repeat it for several', keyValue)
      .option('--note <text>', 'note of the run, in Markdown')
      .addOption(new Option('--no-code', 'keeps neither source files nor the patch'))
      .addOption(new Option('--no-environment', 'does not keep the list of packages'))
      .description(
        'Runs a program as a run: keeps what it writes, its code and its packages, and tells clients of MLflow the run. It ends with 0 only when the program does.',
      ),
    async (work, command: string[]) => {
      const { options } = work
      const text = (name: string): string | undefined => options[name] as string | undefined
      const [group, note] = [text('group'), text('note')]
      const { run, code } = await trackCommand(work, {
        command,
        experiment: text('experiment') ?? 'Default',
        name: text('name'),
        parent: text('parent'),
        params: texts(options['param']),
        tags: {
          ...texts(options['tag']),
          ...(group === undefined ? {} : { [groupTag]: group }),
          ...(note === undefined ? {} : { 'mlflow.note.content': note }),
        },
        keepCode: options['code'] as boolean,
        keepEnvironment: options['environment'] as boolean,
      })
      if (options.json) work.show(run, String)
      if (code !== 0)
        throw new FailedError(`${command.join(' ')} ended with ${code}; the run is ${run.status.toLowerCase()}.`)
    },
  )
}

/** Values of options as texts: what was written as JSON is written so again. */
const texts = (values: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries((values as Record<string, unknown> | undefined) ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
