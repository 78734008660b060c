import {
  archiveKeepers,
  type ArchivePolicy,
  getArchivePolicy,
  previewArchivePolicy,
  setArchivePolicy,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, countText, factsText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium experiments archive-policy` */
export function archivePolicyCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('archive-policy')
      .option('--days <number>', 'runs that ended so long ago', wholeNumber)
      .option('--keep-best <number>', 'so many of each group stay', wholeNumber)
      .option('--metric <name>', 'what the best are judged by')
      .option('--higher', 'more of the metric is better; less unless said')
      .option('--save', 'archives by it from now on, once a day; without it the command only says what would go')
      .option('--stop', 'archives by no policy any more')
      .description('Shows by which policy runs are archived, previews another one, saves it, or stops it.'),
    async ({ client, project, options, show }) => {
      const { days, keepBest, metric, higher, save, stop } = options as Record<string, unknown>
      const params = { project }
      if (stop) {
        show(await client.call(setArchivePolicy, { params, body: { policy: null } }), () => 'No policy archives runs.')
        return
      }
      if (days === undefined) {
        if (save) throw new UsageError('Say after how many days: --days 90.')
        show(await client.call(getArchivePolicy, { params }), ({ saved }) =>
          saved === null
            ? 'No policy: runs are archived by hand only.'
            : factsText({
                'ended more than': `${amountText(saved.policy.days, 'day')} ago`,
                'best that stay': saved.policy.keepBest,
                'judged by': saved.policy.metric,
                saved: `${timeText(saved.savedAt)} by ${saved.savedByName}`,
                archived: countText(saved.archived),
              }),
        )
        return
      }
      const policy: ArchivePolicy = {
        days: days as number,
        keepBest: (keepBest as number | undefined) ?? 0,
        metric: (metric as string | undefined) ?? null,
        higherIsBetter: higher === true,
      }
      const found = await client.call(previewArchivePolicy, { params, body: policy })
      if (save) await client.call(setArchivePolicy, { params, body: { policy } })
      show({ ...found, saved: save === true }, (one) => {
        const kept = Object.entries(archiveKeepers).flatMap(([key, words]) => {
          const count = one.kept[key as keyof typeof one.kept]
          return count === 0 ? [] : [`${countText(count)} ${words}`]
        })
        const stay = kept.length === 0 ? '' : `; ${kept.join(', ')} ${save ? 'stay' : 'would stay'}`
        return [
          `${countText(one.archived)} of ${amountText(one.old, 'old run')} ${save ? 'go' : 'would go'} into the archive${stay}.`,
          tableText(
            ['run', 'experiment', 'ended'],
            one.runs.map((run) => [run.name, run.experiment, timeText(run.endedAt)]),
          ),
        ].join('\n\n')
      })
    },
  )
}
