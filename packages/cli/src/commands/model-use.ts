import {
  getModelHandOver,
  getReleaseCycles,
  gitRepository,
  listModelCandidates,
  type ModelHandOver,
  type ParityData,
  testModelParity,
} from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, durationText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { readReference, versionOf } from './model-reference.ts'

const stages = {
  'registered-approved': 'registered to approved',
  'asked-approved': 'of that, waiting for a decision',
  'approved-deployed': 'approved to deployed',
  'registered-deployed': 'registered to deployed',
  'deployed-replaced': 'deployed to replaced',
} as const

/** Where people see the commit, else what the run said of it. */
const codeText = ({ commit, repository }: NonNullable<ModelHandOver['code']>): string =>
  (repository && gitRepository(repository)?.commit(commit)) ?? [commit, repository].filter(Boolean).join(' of ')

/** `trivium models hand-over|not-chosen|cycles|parity` */
export function modelUseCommands(group: Command, terminal: Terminal): void {
  onAction(
    terminal,
    group
      .command('hand-over')
      .argument('<model>', 'MODEL, MODEL/VERSION or MODEL@ALIAS')
      .addOption(
        new Option('--call <language>', 'prints only a call that works').choices(['python', 'curl', 'typescript']),
      )
      .description(
        'Shows what hands a model over beside its card: where it runs, who uses it, a call that works, who to ask, and what nobody has written down.',
      ),
    async (work, reference: string) => {
      const { client, project, options, show } = work
      const { model, version, alias } = readReference(reference)
      const asked = version ?? (alias === undefined ? undefined : (await versionOf(work, reference)).version)
      const found = await client.call(getModelHandOver, {
        params: { project, model },
        query: asked === undefined ? {} : { version: asked },
      })
      const language = options['call'] as 'python' | 'curl' | 'typescript' | undefined
      if (language !== undefined) {
        if (!found.example)
          throw new FailedError(`No deployment serves ${model} v${found.version}, so there is nothing to call.`)
        show(found.example, (example) => example[language])
        return
      }
      show(found, (one) =>
        [
          factsText({
            version: `${one.model} v${one.version} (${one.because})`,
            ask: one.contacts.map(({ name, why }) => `${name} (${why})`).join(', ') || null,
            code: one.code && codeText(one.code),
            'nobody has written': one.unwritten.map(({ part }) => part).join(', ') || null,
          }),
          tableText(
            ['deployment', 'state', 'version', 'since'],
            one.deployments.map((d) => [d.name, d.state, d.version, timeText(d.since)]),
          ),
          tableText(
            ['caller', 'through', 'versions', 'requests', 'predictions', 'last'],
            one.callers.map((c) => [
              c.name,
              c.deployment,
              c.versions.join(', '),
              c.requests,
              c.predictions,
              timeText(c.lastAt),
            ]),
          ),
          ...(one.example ? [`${one.example.curl}`] : []),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('not-chosen')
      .argument('<model>', 'name of the model')
      .option('--limit <n>', 'how many versions are looked at', '100')
      .description('Lists the versions that were neither champion nor deployed, with the reasons on record.'),
    async ({ client, project, options, show }, model: string) => {
      const limit = Number(options['limit'])
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new UsageError('--limit is 1 to 1000.')
      show(await client.call(listModelCandidates, { params: { project, model }, query: { limit } }), (page) =>
        tableText(
          ['version', 'outcome', 'why', 'registered', 'by'],
          page.candidates.map((one) => [
            one.version,
            one.outcome,
            one.reasons.map(({ text }) => text).join(' '),
            timeText(one.registeredAt),
            one.registeredBy,
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('cycles')
      .argument('[model]', 'name of a model; without it all of the project')
      .description(
        'Shows how long versions take from registration to approval, deployment and replacement, and what waits now.',
      ),
    async ({ client, project, show }, model: string | undefined) => {
      const query = model === undefined ? {} : { model }
      show(await client.call(getReleaseCycles, { params: { project }, query }), (found) =>
        [
          tableText(
            ['stage', 'versions', 'median', '95 %', 'middle half', 'longest'],
            found.stages.map((one) => [
              stages[one.stage],
              one.n,
              one.median === null ? '' : durationText(one.median),
              spanText(one.low, one.high),
              spanText(one.q1, one.q3),
              one.longest === null ? '' : durationText(one.longest),
            ]),
          ),
          tableText(
            ['waits', 'for', 'since'],
            found.waiting.map((one) => [
              `${one.model} v${one.version}`,
              one.waitingFor,
              one.waitingSince === null ? '' : timeText(one.waitingSince),
            ]),
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('parity')
      .argument('<version>', 'the converted one: MODEL/VERSION or MODEL@ALIAS')
      .option('--original <version>', 'what it was converted from: MODEL/VERSION or MODEL@ALIAS')
      .option('--recorded <output=column...>', 'instead: columns of the data that hold what the original gave')
      .option('--dataset <name[@version]>', 'recorded inputs: a dataset')
      .option('--predictions <deployment>', 'recorded inputs: the prediction log of a deployment')
      .option('--output <converted=original...>', 'outputs that belong together, where their names differ')
      .option('--features <columns>', 'columns of a single wide input, in order, with commas')
      .addOption(
        new Option('--method <name>', 'what is called of a Python original').choices([
          'predict',
          'predict_proba',
          'decision_function',
        ]),
      )
      .option('--rows <n>', 'how many rows at most, evenly over all', '10000')
      .option('--absolute <number>', 'how far a number may be, 0.00001 by itself')
      .option('--relative <number>', 'and how far in terms of the original, 0.0001 by itself')
      .option('--share <number>', 'share of the rows that may be farther, 0 by itself')
      .description(
        'Compares a converted version with its original on recorded inputs and keeps what was found as evidence. Ends with 1 where it differs.',
      ),
    async (work, reference: string) => {
      const { client, options, show } = work
      const params = await versionOf(work, reference)
      const text = (key: string): string | undefined => options[key] as string | undefined
      const dataset = text('dataset')?.split('@')
      const limits = Object.fromEntries(
        (['absolute', 'relative', 'share'] as const).flatMap((key) => {
          const given = text(key)
          if (given === undefined) return []
          if (!(Number(given) >= 0)) throw new UsageError(`--${key} is a number of at least 0.`)
          return [[key, Number(given)]]
        }),
      )
      const evidence = await client.call(testModelParity, {
        params,
        body: {
          ...(text('original') === undefined ? {} : { original: text('original') as string }),
          ...pairs('recorded', options['recorded']),
          ...pairs('outputs', options['output']),
          ...(dataset?.[0] === undefined
            ? {}
            : { dataset: { name: dataset[0], ...(dataset[1] === undefined ? {} : { version: Number(dataset[1]) }) } }),
          ...(text('predictions') === undefined ? {} : { predictions: { deployment: text('predictions') as string } }),
          ...(text('features') === undefined ? {} : { features: (text('features') as string).split(',') }),
          ...(text('method') === undefined ? {} : { method: text('method') as 'predict' }),
          rows: Number(text('rows')),
          tolerance: limits,
        },
      })
      const data = evidence.data as unknown as ParityData
      show(evidence, () =>
        [
          evidence.summary,
          tableText(
            ['output', 'original', 'rows beyond', 'largest difference', 'mean difference'],
            data.columns.map((one) => [
              one.converted,
              one.original,
              amountText(one.beyond, 'row'),
              one.largestAbsolute,
              one.meanAbsolute,
            ]),
          ),
          tableText(
            ['row', 'output', 'original', 'converted', 'tolerance'],
            data.worst.map((one) => [
              one.row,
              one.column,
              String(one.original),
              String(one.converted),
              one.beyond ? 'beyond' : 'within',
            ]),
          ),
        ].join('\n\n'),
      )
      if (evidence.verdict === 'failed')
        throw new FailedError(`${params.model} v${params.version} differs from its original.`)
    },
  )
}

const spanText = (from: number | null, to: number | null): string =>
  from === null || to === null ? '' : `${durationText(from)} to ${durationText(to)}`

function pairs(key: 'recorded' | 'outputs', given: unknown): Record<string, Record<string, string>> {
  if (given === undefined) return {}
  const entries = (given as string[]).map((one) => {
    const at = one.indexOf('=')
    if (at < 1) throw new UsageError(`"${one}" is no pair. Write OUTPUT=NAME.`)
    return [one.slice(0, at), one.slice(at + 1)] as const
  })
  return { [key]: Object.fromEntries(entries) }
}
