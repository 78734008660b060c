import { createProgram } from '../../packages/cli/src/program.ts'
import { generatedNotice, markdownTable } from './markdown.ts'

type Command = ReturnType<typeof createProgram>

/** The reference of the command line, from the commands themselves. */
export function cliPage(): string {
  const program = createProgram({
    env: {},
    cwd: '/',
    interactive: false,
    secret: async () => '',
    input: async () => new Uint8Array(),
    out: () => {},
    err: () => {},
    signal: new AbortController().signal,
  })
  return `${generatedNotice}

# Command line

\`npx trivium COMMAND\` in the clone. Commands find the server by \`TRIVIUM_URL\`, else by the data directory of one on this machine, else on port 4000; they prove who calls by \`TRIVIUM_TOKEN\`,
else by the administrator's token in the data directory, which goes to no other server. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not allowed.

Every command takes:

${optionsTable(program)}

${commandsIn(program).map(section).join('\n\n')}
`
}

/** Commands that do something, with the ones inside groups. */
function commandsIn(command: Command): Command[] {
  return (command.commands as Command[]).flatMap((one) => [
    // A group that takes arguments does something itself.
    ...(one.commands.length === 0 || one.registeredArguments.length > 0 ? [one] : []),
    ...commandsIn(one),
  ])
}

function section(command: Command): string {
  const args = command.registeredArguments
  const names = args.map((arg) => {
    const name = `${arg.name()}${arg.variadic ? '…' : ''}`
    return arg.required ? `<${name}>` : `[${name}]`
  })
  const described = args.filter((arg) => arg.description !== '')
  return [
    `## ${[...path(command), ...names].join(' ')}`,
    command.description(),
    ...(command.aliases().length > 0
      ? [`Also: \`${[...path(command).slice(0, -1), command.aliases()[0]].join(' ')}\`.`]
      : []),
    ...(described.length > 0
      ? [
          markdownTable(
            ['argument', 'meaning'],
            described.map((arg) => [`\`${arg.name()}\``, arg.description]),
          ),
        ]
      : []),
    ...(command.options.length > 0 ? [optionsTable(command)] : []),
  ].join('\n\n')
}

function path(command: Command): string[] {
  return command.parent ? [...path(command.parent as Command), command.name()] : [command.name()]
}

function optionsTable(command: Command): string {
  const rows = command.options.map((option) => [
    `\`${option.flags}\``,
    [
      option.description,
      option.argChoices ? `One of ${option.argChoices.join(', ')}.` : '',
      option.mandatory ? 'Required.' : '',
    ]
      .filter(Boolean)
      .join(' '),
    option.defaultValue === undefined || typeof option.defaultValue === 'boolean'
      ? ''
      : `\`${String(option.defaultValue)}\``,
  ])
  return markdownTable(['option', 'meaning', 'default'], rows)
}
