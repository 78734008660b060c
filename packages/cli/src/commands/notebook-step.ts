import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'
import { type NotebookChanges, notebookStep } from '../tracked/notebook-step.ts'

/** `trivium notebook step` and `trivium notebook diff` */
export function notebookStepCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('step')
      .argument('<notebook>', 'the notebook')
      .option('--name <name>', 'name of the step and its function; that of the notebook unless said')
      .option(
        '--input <name>',
        'a parameter that is an input of the step; names that no cell gives a value are inputs anyway',
        collect,
      )
      .option('--output <name>', 'a name whose value the step returns; repeat it for several', collect)
      .option('--out <folder>', 'where the files go; beside the notebook unless said')
      .option('--force', 'overwrites files that are there')
      .option('--python <path>', 'interpreter that reads the notebook', 'python3')
      .description(
        'Makes a step of a pipeline of a notebook: a module with a function, a test, and a record of the cells. Cells tagged "parameters" become parameters, cells tagged "skip" are left out. Nothing of the notebook runs.',
      ),
    async (work, notebook: string) => {
      const path = resolve(terminal.cwd, notebook)
      const { options } = work
      const name =
        (options['name'] as string | undefined) ?? basename(path, '.ipynb').replaceAll(/\W/g, '_').toLowerCase()
      const made = await notebookStep(work, {
        do: 'make',
        path,
        name,
        inputs: (options['input'] as string[] | undefined) ?? [],
        outputs: (options['output'] as string[] | undefined) ?? [],
      })
      const folder = resolve(terminal.cwd, (options['out'] as string | undefined) ?? dirname(path))
      const files = {
        [`${name}.py`]: made.module,
        [`test_${name}.py`]: made.test,
        [`${name}.step.json`]: `${JSON.stringify(made.record, null, 1)}\n`,
      }
      for (const [file, text] of Object.entries(files)) await write(join(folder, file), text, options['force'] === true)
      const { inputs, parameters, outputs } = made.record
      const written = Object.keys(files)
      work.show({ name, folder, files: written, inputs, parameters, outputs, warnings: made.warnings }, () =>
        [
          `Wrote ${written.join(', ')} to ${folder}.`,
          ...made.warnings.map((one) => `  ${one}`),
          '',
          'In pipeline.yaml:',
          `  ${name}:`,
          `    run: ${name}:${name}`,
          ...(inputs.length > 0 ? [`    in: { ${inputs.map((one) => `${one}: …`).join(', ')} }`] : []),
          ...(Object.keys(parameters).length > 0 ? [`    params: [${Object.keys(parameters).join(', ')}]`] : []),
          ...(outputs.length > 0 ? [`    out: { ${outputs.map((one) => `${one}: value`).join(', ')} }`] : []),
        ].join('\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('diff')
      .argument('<notebook>', 'a notebook, or the record of a step (NAME.step.json)')
      .argument('[other]', 'another notebook; with a record, the notebook where it does not lie beside it')
      .option('--python <path>', 'interpreter that reads the notebooks', 'python3')
      .description(
        'Shows what differs between two notebooks, cell by cell and without what they put out; or what changed in a notebook and in its step since the step was made.',
      ),
    async (work, first: string, other?: string) => {
      const path = resolve(terminal.cwd, first)
      const changes = first.endsWith('.step.json')
        ? await sinceStep(work, path, other)
        : await between(work, path, other)
      work.show(changes, describe)
    },
  )
}

async function between(work: Action, path: string, other: string | undefined): Promise<NotebookChanges> {
  if (other === undefined) throw new UsageError('Name two notebooks, or the record of a step (NAME.step.json).')
  return notebookStep(work, { do: 'compare', first: path, second: resolve(work.terminal.cwd, other) })
}

async function sinceStep(work: Action, path: string, other: string | undefined): Promise<NotebookChanges> {
  const record = JSON.parse(await readFile(path, 'utf8')) as { notebook: string; step: string }
  const notebook =
    other === undefined ? join(dirname(path), basename(record.notebook)) : resolve(work.terminal.cwd, other)
  return notebookStep(work, {
    do: 'since',
    record_path: path,
    notebook,
    module: join(dirname(path), `${basename(record.step)}.py`),
  })
}

function describe({ cells, module }: NotebookChanges): string {
  const parts = cells.map(({ before, after, lines }) => {
    const title =
      before === null ? `cell ${after} is new` : after === null ? `cell ${before} is gone` : `cell ${before} → ${after}`
    return [title, ...lines.map((line) => `  ${line}`)].join('\n')
  })
  if (module.length > 0) parts.push(['the step was edited', ...module.map((line) => `  ${line}`)].join('\n'))
  return parts.length === 0 ? 'Nothing differs.' : parts.join('\n\n')
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new FailedError(
        `"${path}" exists already. See what changed with trivium notebook diff, and overwrite it with --force.`,
      )
    throw error
  }
}

const collect = (value: string, before: string[] = []): string[] => [...before, value]
