import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  addVaultKey,
  forgetVaultKey,
  getSecret,
  getVault,
  listInstanceSecrets,
  listSecrets,
  removeInstanceSecret,
  removeSecret,
  rewrapVault,
  setInstanceSecret,
  setSecret,
  shareInstanceSecret,
} from '@trivium/contract'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, factsText, tableText, timeText } from '../output.ts'
import { duration } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

const instanceOption = ['--instance', 'a secret of the instance, which an administrator shares with projects'] as const
const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** `trivium secrets …` */
export function secretCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('secrets')
    .description('Secrets: values that steps are given by name, and that nobody can read.')
  onAction(
    terminal,
    group
      .command('list')
      .option(...instanceOption)
      .description('Lists secrets, who set them, and where each was last used.'),
    async (work) => (work.options['instance'] === true ? listOfInstance(work) : listOfProject(work)),
  )
  onAction(
    terminal,
    group
      .command('show')
      .argument('<name>', 'the secret')
      .description('Shows the versions of a secret; never a value.'),
    async ({ client, project, show }, secret: string) => {
      show(await client.call(getSecret, { params: { project, secret } }), ({ versions }) =>
        tableText(
          ['version', 'state', 'set', 'by', 'until'],
          versions.map((one) => [one.version, one.state, timeText(one.setAt), one.setByName, timeText(one.validUntil)]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('set')
      .argument('<name>', 'letters, digits, underscore and hyphen')
      .option('--from-file <path>', 'reads the value from a file; without it from standard input')
      .option('--description <text>', 'what it opens')
      .option('--overlap <duration>', 'for so long the value before stays for steps that ask for it: 12h, 7d', duration)
      .option(...instanceOption)
      .option('--projects <list>', 'with --instance: the projects that may use it, comma-separated')
      .description('Sets the value of a secret, the first one or a new version. One line end at its end is left out.'),
    setValue,
  )
  onAction(
    terminal,
    group
      .command('share')
      .argument('<name>', 'a secret of the instance')
      .requiredOption('--projects <list>', 'the projects that may use it, comma-separated; others no longer may')
      .description('Says which projects may use a secret of the instance.'),
    async ({ client, options, show }, secret: string) => {
      const projects = list(options['projects'] as string) ?? []
      const shared = await client.call(shareInstanceSecret, { params: { secret }, body: { projects } })
      show(shared, (one) => `${one.name} is shared with ${one.projects.join(', ') || 'no project'}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('remove')
      .argument('<name>', 'the secret')
      .option('--force', 'also when pipelines name it')
      .option(...instanceOption)
      .description('Removes a secret with all its versions.'),
    async ({ client, project, options, show }, secret: string) => {
      const query = options['force'] === true ? { force: true } : {}
      if (options['instance'] === true) await client.call(removeInstanceSecret, { params: { secret }, query })
      else await client.call(removeSecret, { params: { project, secret }, query })
      show({ removed: secret }, () => `${secret} is removed.`)
    },
  )
  onAction(
    terminal,
    group
      .command('rotate-key')
      .option('--rewrap-only', 'makes no new key: wraps with the first of those that the configuration gives')
      .option('--forget-old', 'removes the older keys of the data directory when nothing needs them any more')
      .description(
        'Makes a new key of the vault and wraps every stored secret with it, while all works on. Interrupted, it goes on when it is called again with --rewrap-only.',
      ),
    rotateKey,
  )
}

async function listOfProject({ client, project, show }: Action): Promise<void> {
  show(await client.call(listSecrets, { params: { project } }), ({ secrets }) =>
    tableText(
      ['name', 'of', 'version', 'set', 'by', 'last used', 'where', 'named by', 'description'],
      secrets.map((one) => [
        one.name,
        one.from,
        one.version,
        timeText(one.setAt),
        one.setByName,
        timeText(one.lastUse?.at),
        one.lastUse && `${one.lastUse.pipeline}/${one.lastUse.step} in ${one.lastUse.run}`,
        one.usedBy.map((use) => use.pipeline).join(', '),
        one.description,
      ]),
    ),
  )
}

async function listOfInstance({ client, show }: Action): Promise<void> {
  show(await client.call(listInstanceSecrets, {}), ({ secrets }) =>
    tableText(
      ['name', 'version', 'set', 'by', 'last used', 'projects', 'description'],
      secrets.map((one) => [
        one.name,
        one.version,
        timeText(one.setAt),
        one.setByName,
        timeText(one.lastUsedAt),
        one.projects.join(', '),
        one.description,
      ]),
    ),
  )
}

async function setValue({ client, project, options, show, terminal }: Action, secret: string): Promise<void> {
  const { fromFile, description, overlap, instance } = options as {
    fromFile?: string
    description?: string
    overlap?: number
    instance?: boolean
  }
  const projects = list(options['projects'] as string | undefined)
  if (projects && instance !== true) throw new UsageError('--projects is for secrets of the instance; add --instance.')
  const text =
    fromFile === undefined ? await terminal.secret() : await readFile(resolve(terminal.cwd, fromFile), 'utf8')
  const value = text.replace(/\r?\n$/, '')
  if (value.length < 4)
    throw new UsageError('The value needs four characters at least: what is shorter cannot be hidden in logs.')
  const body = {
    value,
    ...(description === undefined ? {} : { description }),
    ...(overlap === undefined ? {} : { overlapSeconds: Math.ceil(overlap / 1000) }),
  }
  const set =
    instance === true
      ? await client.call(setInstanceSecret, {
          params: { secret },
          body: { ...body, ...(projects ? { projects } : {}) },
        })
      : await client.call(setSecret, { params: { project, secret }, body })
  show(set, ({ name, version }) => `${name} has version ${version}.`)
}

async function rotateKey({ client, options, show, terminal }: Action): Promise<void> {
  const { rewrapOnly, forgetOld } = options as { rewrapOnly?: boolean; forgetOld?: boolean }
  if (rewrapOnly !== true) await client.call(addVaultKey, {})
  let rewrapped = 0
  for (;;) {
    const step = await client.call(rewrapVault, {})
    rewrapped += step.rewrapped
    if (terminal.interactive && step.left > 0) terminal.err(`${amountText(step.left, 'secret')} left\n`)
    if (step.left === 0) break
    if (step.rewrapped > 0) continue
    const [first] = step.failed
    if (first)
      throw new FailedError(
        `${amountText(step.left, 'secret')} could not be wrapped anew. The first: ${first.row}: ${first.why}`,
      )
  }
  let vault = await client.call(getVault, {})
  for (const key of forgetOld === true ? vault.keys : [])
    if (!key.current && key.source === 'file') vault = await client.call(forgetVaultKey, { params: { key: key.id } })
  const old = vault.keys.filter((key) => !key.current)
  show({ rewrapped, ...vault }, () =>
    [
      factsText({
        'wrapped anew': rewrapped,
        key: vault.keys[0]?.id,
        'older keys': old.map((key) => key.id).join(', '),
      }),
      old.length === 0
        ? ''
        : 'Nothing in the database needs the older keys; backups that were made before still do. --forget-old removes them.',
    ]
      .filter((line) => line !== '')
      .join('\n'),
  )
}
