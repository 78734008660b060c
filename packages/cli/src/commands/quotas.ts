import {
  getQuotas,
  listQuotas,
  type ProjectQuotas,
  type Quota,
  type QuotaName,
  quotaNames,
  setQuotas,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { bytesText, countText, tableText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium quotas list|set` */
export function quotaCommands(program: Command, terminal: Terminal): void {
  const group = program.command('quotas').description('Quotas: what a project and each principal in it may use.')
  onAction(
    terminal,
    group
      .command('list')
      .option('--all', 'of every project; for administrators of the instance', false)
      .description('What is used of each quota, and by whom.'),
    async ({ client, project, options, show }) => {
      if (options['all'] !== true) return show(await client.call(getQuotas, { params: { project } }), quotasText)
      show(await client.call(listQuotas, {}), ({ projects }) => projects.map(quotasText).join('\n\n'))
    },
  )
  onAction(
    terminal,
    group
      .command('set')
      .argument('<limit...>', 'NAME=NUMBER; 0 is no limit, NAME=default brings the default back')
      .description('Sets limits of the project; others stay as they are.'),
    async ({ client, project, show }, words: string[]) => {
      const limits = Object.fromEntries(words.map(limitOf)) as Partial<Record<QuotaName, number | null>>
      show(await client.call(setQuotas, { params: { project }, body: { limits } }), quotasText)
    },
  )
}

function limitOf(word: string): [QuotaName, number | null] {
  const [name = '', value = ''] = word.split('=')
  const known = quotaNames.find((one) => one === name)
  if (!known) throw new UsageError(`There is no quota "${name}". The quotas are: ${quotaNames.join(', ')}.`)
  if (value === 'default') return [known, null]
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`"${word}" is not NAME=NUMBER or NAME=default.`)
  return [known, Number(value)]
}

function quotasText({ project, quotas, principals }: ProjectQuotas): string {
  const named = new Map(quotas.map((one) => [one.name, one]))
  return [
    `Project ${project}`,
    tableText(
      ['quota', 'used', 'limit', ''],
      quotas.map((one) => [one.name, amountOf(one, one.used), limitText(one), one.own ? 'set' : 'default']),
    ),
    ...(principals.length === 0
      ? []
      : [
          '',
          tableText(
            ['who', 'quota', 'used'],
            principals.flatMap(({ name, used }) =>
              used.map((one) => [name, one.name, amountOf(named.get(one.name), one.used)]),
            ),
          ),
        ]),
  ].join('\n')
}

const amountOf = (quota: Pick<Quota, 'unit'> | undefined, amount: number): string =>
  quota?.unit === 'bytes' ? bytesText(amount) : countText(amount)

const limitText = (quota: Quota): string =>
  quota.limit === 0 ? 'none' : `${amountOf(quota, quota.limit)}${quota.per === null ? '' : ` a ${quota.per}`}`
