import {
  type CustodyStep,
  getProductionTime,
  getReleaseHandOvers,
  type VersionCustody,
  type WorkTime,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { amountText, durationText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const doing: Record<CustodyStep, string> = {
  preparing: 'made ready',
  deciding: 'decided on',
  releasing: 'to be deployed',
  serving: 'serves',
}

/** `trivium models hand-overs|time` */
export function modelCustodyCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('hand-overs')
      .argument('[model]', 'name of a model; without it all of the project')
      .description(
        'Shows who had each version and how long, how often it went back and why, how long teams wait for each other, and where it stands still.',
      ),
    async ({ client, project, show }, model: string | undefined) => {
      const query = model === undefined ? {} : { model }
      show(await client.call(getReleaseHandOvers, { params: { project }, query }), (found) =>
        [
          factsText({
            'most waiting': found.slowest === null ? null : waits(found.slowest, found.steps),
            returned:
              found.returned.share === null
                ? null
                : `${found.returned.versions} of ${amountText(found.returned.of, 'version')} that were asked for (${shareText(found.returned)})`,
            'hand-overs a release':
              found.perRelease.median === null ? null : `${found.perRelease.median} (median of ${found.perRelease.n})`,
          }),
          tableText(
            ['step', 'over', 'median', '95 %', 'longest', 'open now', 'superseded'],
            found.steps.map((one) => [
              doing[one.step],
              one.n,
              lasted(one.median),
              one.low === null || one.high === null ? '' : `${durationText(one.low)} to ${durationText(one.high)}`,
              lasted(one.longest),
              one.open,
              one.superseded,
            ]),
          ),
          tableText(
            ['from', 'to', 'times', 'back', 'waits over', 'median wait'],
            found.between.map((one) => [
              one.from ?? '–',
              one.to ?? '–',
              one.n,
              one.back,
              one.wait.n,
              lasted(one.wait.median),
            ]),
          ),
          tableText(
            ['came back by', 'times', 'because'],
            found.reasons.map((one) => [one.kind, one.n, one.reason]),
          ),
          tableText(
            ['stands still', 'to be', 'with', 'since', 'longer than'],
            found.stalled.map((one) => [`${one.model} v${one.version}`, ...still(one)]),
          ),
          tableText(
            ['version', 'hand-overs', 'back', 'way'],
            found.versions.map((one) => [`${one.model} v${one.version}`, one.handOvers, one.backAndForth, way(one)]),
          ),
        ]
          .filter((text) => text !== '')
          .join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('time')
      .option('--days <n>', 'how far back', '90')
      .description(
        'Estimates by team, and for those who make models, how much of the recorded working hours went into what is in production. Never by person.',
      ),
    async ({ client, project, options, show }) => {
      const days = Number(options['days'])
      if (!Number.isInteger(days) || days < 1 || days > 366) throw new UsageError('--days is a number from 1 to 366.')
      const row = (name: string, one: WorkTime) => [
        name,
        one.people,
        one.days,
        one.activeHours,
        Number(one.productionHours.toFixed(1)),
        one.share === null ? '' : shareText(one),
      ]
      show(await client.call(getProductionTime, { params: { project }, query: { days } }), (found) =>
        [
          tableText(
            ['who', 'people', 'days', 'active hours', 'of that production', 'share'],
            [
              row('those who make models', found.makers),
              ...found.teams.map((one) => row(one.team ?? 'without a team', one)),
            ],
          ),
          `Production: ${found.production.join('; ')}.\n${found.limits.join('\n')}`,
        ].join('\n\n'),
      )
    },
  )
}

const lasted = (ms: number | null): string => (ms === null ? '' : durationText(ms))

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

const shareText = ({ share, low, high }: { share: number | null; low: number | null; high: number | null }): string =>
  `${percent(share ?? 0)}${low === null || high === null ? ', too little for an interval' : `, ${percent(low)} to ${percent(high)} at 95 %`}`

function waits(step: CustodyStep, steps: readonly { step: CustodyStep; share: number | null }[]): string {
  return `${doing[step]} (${percent(steps.find((one) => one.step === step)?.share ?? 0)} of it)`
}

function still({ stalled }: VersionCustody): (string | null)[] {
  if (!stalled) return []
  const { step, party, since, longerThan, of } = stalled
  const than = longerThan === null ? '' : `${percent(longerThan)} of ${of} before`
  return [doing[step], party.name ?? 'nobody yet', timeText(since), than]
}

const way = ({ segments }: VersionCustody): string =>
  segments
    .map(
      ({ step, party, from, to, ended }) =>
        `${doing[step]} ${party.name ?? 'nobody'} ${to === null ? 'now' : durationText(to - from)}${ended === 'returned' ? ' ↩' : ''}`,
    )
    .join(' → ')
