import type { Command } from 'commander'
import { type Connection, connect, type GlobalOptions } from './connection.ts'
import { shownText } from './shown-text.ts'
import type { Terminal } from './terminal.ts'

/** What an action works with, besides its arguments and options. */
export interface Action extends Connection {
  readonly terminal: Terminal
  readonly options: GlobalOptions & Readonly<Record<string, unknown>>
  /** Prints the value as JSON, or for people what `text` makes of it. */
  readonly show: <T>(value: T, text: (value: T) => string) => void
}

/** Gives a command its action: it is connected, and told how to print. Nothing is sent before the action calls. */
export function onAction<A extends readonly unknown[]>(
  terminal: Terminal,
  command: Command,
  action: (work: Action, ...args: A) => Promise<void> | void,
): Command {
  return command.action(async (...all: unknown[]) => {
    // Commander hands over the arguments, the command's own options and the command.
    const self = all.at(-1) as Command
    const options = self.optsWithGlobals<GlobalOptions & Record<string, unknown>>()
    const work: Action = {
      ...connect(terminal, options),
      terminal,
      options,
      show: (value, text) => print(terminal, options, value, text),
    }
    await action(work, ...(all.slice(0, -2) as unknown as A))
  })
}

/** Prints one answer. */
export function print<T>(
  terminal: Terminal,
  { json }: Pick<GlobalOptions, 'json'>,
  value: T,
  text: (value: T) => string,
): void {
  terminal.out(`${json ? JSON.stringify(value) : shownText(text(value))}\n`)
}
