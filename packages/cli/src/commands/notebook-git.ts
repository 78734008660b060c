import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'
import { cleanNotebook } from '../tracked/clean-notebook.ts'
import {
  checkNotebooks,
  forgetNotebooks,
  type NotebookFindings,
  setUpNotebooks,
} from '../tracked/notebook-repository.ts'
import { notebookText } from '../tracked/notebook-text.ts'

/** `trivium notebook git`, and the two programs that it tells Git of. */
export function notebookGitCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('git')
      .option('--undo', 'takes back what this wrote')
      .option('--check', 'changes nothing; ends with 1 where a notebook of the index has outputs, for CI')
      .description(
        'Has the Git repository of this folder store notebooks without what they put out, and show them cell by cell in git diff. Files in the working copy keep their outputs.',
      ),
    async ({ options, show }) => {
      const { undo, check } = options
      if (undo && check) throw new UsageError('Say either --undo or --check.')
      if (undo) {
        const undone = await forgetNotebooks(terminal.cwd, terminal.env)
        show(undone, ({ folder }) => `Git takes the notebooks of ${folder} as they are again.`)
        return
      }
      const made = check ? undefined : await setUpNotebooks(terminal.cwd, terminal.env)
      const found = await checkNotebooks(terminal.cwd, terminal.env)
      show({ ...made, ...found }, () =>
        [
          ...(made === undefined ? [] : [`Git stores the notebooks of ${made.folder} without what they put out.`]),
          ...(made?.attributesChanged ? ['Commit .gitattributes; whoever else has trivium runs this once, too.'] : []),
          ...describe(found),
        ].join('\n'),
      )
      const wrong = found.unclean.length + found.unreadable.length
      if (check && wrong > 0)
        throw new FailedError(
          `${wrong === 1 ? 'One notebook' : `${wrong} notebooks`} of the index should not be pushed like this. To clean: trivium notebook git, then git add --renormalize "*.ipynb". One that shall keep its outputs has a line in .gitattributes: PATH -filter`,
        )
    },
  )
  // These two are called by Git with a file at a time, and must not fail for want of a server.
  group
    .command('clean')
    .argument('[file]', 'the notebook; standard input unless said')
    .option('--name <path>', 'what to call it in warnings')
    .description(
      'Writes a notebook to standard output without outputs, numbers of execution and volatile metadata. What is no notebook is written as it is, with a warning.',
    )
    .action(convert(terminal, (bytes) => cleanNotebook(bytes).text))
  group
    .command('text')
    .argument('[file]', 'the notebook; standard input unless said')
    .option('--name <path>', 'what to call it in warnings')
    .description(
      'Writes the cells of a notebook to standard output as text. What is no notebook is written as it is, with a warning.',
    )
    .action(convert(terminal, notebookText))
}

const convert =
  (terminal: Terminal, made: (bytes: Uint8Array) => string) =>
  async (file: string | undefined, { name = file ?? 'the notebook' }: { name?: string }): Promise<void> => {
    const bytes = file === undefined ? await terminal.input() : await readFile(resolve(terminal.cwd, file))
    let text: string | undefined
    try {
      text = made(bytes)
    } catch (error) {
      terminal.err(`trivium: ${name} ${error instanceof Error ? error.message : String(error)}, and stays as it is.\n`)
    }
    terminal.out(text ?? bytes)
  }

function describe({ unclean, unreadable }: NotebookFindings): string[] {
  if (unclean.length + unreadable.length === 0) return ['No notebook of the index has outputs.']
  return [
    ...unclean.map((path) => `${path} has outputs`),
    ...unreadable.map(({ path, reason }) => `${path} ${reason}`),
    ...(unclean.length > 0 ? ['Clean what is there already: git add --renormalize "*.ipynb"'] : []),
  ]
}
