import { spawn } from 'node:child_process'
import { createLoginLink } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium open`: a one-time login link, in the browser where there is one. */
export function openCommand(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('open')
      .alias('login')
      .description(
        'Makes a one-time login link, good for five minutes, prints it and opens the browser if there is one.',
      )
      .option('--for <name>', 'link for somebody else; an administrator may')
      .option('--no-browser', 'prints the link only'),
    async ({ client, url, options, show }) => {
      const name = options['for'] as string | undefined
      const { path, expiresAt } = await client.call(createLoginLink, { body: name === undefined ? {} : { name } })
      show({ url: `${url}${path}`, expiresAt }, (link) => link.url)
      if (options['browser'] !== false && !options.json && name === undefined) openBrowser(terminal, `${url}${path}`)
    },
  )
}

function openBrowser({ env, interactive }: Terminal, link: string): void {
  const hasScreen = process.platform !== 'linux' || env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined
  if (!interactive || !hasScreen) return
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  const child = spawn(opener, [link], { stdio: 'ignore', detached: true })
  // Without a browser the printed link is enough.
  child.on('error', () => {})
  child.unref()
}
