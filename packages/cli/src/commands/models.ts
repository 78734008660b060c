import {
  checkModelVersion,
  deleteModelAlias,
  getModel,
  getModelCard,
  getModelRetraining,
  getModelStrategy,
  getModelVersion,
  listModels,
  listModelVersions,
  type ModelStrategy,
  setModelAlias,
  setModelPolicy,
  setModelStrategy,
  updateModelVersion,
} from '@trivium/contract'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { bytesText, durationText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { modelFileCommands } from './model-files.ts'
import { modelCustodyCommands } from './model-custody.ts'
import { modelUseCommands } from './model-use.ts'
import { readReference } from './model-reference.ts'

function readStrategy(file: string, text: string): ModelStrategy {
  try {
    return JSON.parse(text) as ModelStrategy
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${(error as Error).message}`)
  }
}

/** `trivium models …` */
export function modelCommands(program: Command, terminal: Terminal): void {
  const group = program.command('models').description('Registered models, their versions and aliases.')
  modelFileCommands(group, terminal)
  modelUseCommands(group, terminal)
  modelCustodyCommands(group, terminal)
  onAction(
    terminal,
    group.command('list').description('Lists models with their newest version.'),
    async ({ client, project, show }) => {
      show(await client.call(listModels, { params: { project } }), ({ models }) =>
        tableText(
          ['name', 'versions', 'aliases', 'gate', 'approval', 'changed'],
          models.map((m) => [
            m.name,
            m.versions,
            m.aliases.map(({ alias, version }) => `${alias} v${version}`).join(', '),
            m.latest?.gate,
            m.latest?.approval,
            timeText(m.updatedAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('card')
      .argument('<version>', 'MODEL/VERSION')
      .option('--known-issues <text>', 'writes down what is known to be wrong')
      .option('--trade-offs <text>', 'writes down what was given up for what')
      .option('--usage <text>', 'writes down how to use it, and for what not')
      .description('Shows all that is on record about a version, for whoever wants to use it; or writes notes down.'),
    async ({ client, project, options, show }, reference: string) => {
      const { model, version } = readReference(reference)
      if (version === undefined) throw new UsageError('Say which version: trivium models card MODEL/VERSION.')
      const params = { project, model, version }
      const notes = Object.fromEntries(
        ['knownIssues', 'tradeOffs', 'usage'].flatMap((key) =>
          options[key] === undefined ? [] : [[key, options[key] as string]],
        ),
      )
      if (Object.keys(notes).length > 0) await client.call(updateModelVersion, { params, body: { notes } })
      show(await client.call(getModelCard, { params }), (card) =>
        factsText({
          version: `${card.model} v${card.version}`,
          description: card.description || null,
          architecture: [card.architecture.estimator, card.architecture.format].filter(Boolean).join(', ') || null,
          'trained on': card.trainingData.map((one) => one.urn).join(', ') || null,
          'made with': card.madeWith.map((one) => one.urn).join(', ') || null,
          hyperparameters:
            Object.entries(card.hyperparameters)
              .map(([key, value]) => `${key}=${value}`)
              .join(', ') || null,
          dependencies: card.dependencies.map((one) => one.file).join(', ') || null,
          evaluation: card.evaluations.map((one) => one.summary).join(' ') || null,
          'known issues': card.knownIssues.map((one) => `${one.text} (${one.source})`).join(' ') || null,
          'trade-offs': card.tradeOffs.map((one) => one.text).join(' ') || null,
          usage: card.usage.text,
          deployments: card.deployments.map((one) => `${one.name} (${one.state})`).join(', ') || null,
        }),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('policy')
      .argument('<model>', 'name of the model')
      .addOption(new Option('--approval <who>', 'whether a person has to approve').choices(['none', 'required']))
      .option('--productive', 'people depend on it: it needs retraining criteria')
      .option('--not-productive', 'nobody depends on it')
      .option('--retraining <text>', 'when it is retrained, in words, where no pipeline retrains it')
      .description('Shows or changes what a version of a model needs before it is deployed, and when it is retrained.'),
    async ({ client, project, options, show }, model: string) => {
      const change = {
        ...(options['approval'] ? { approval: options['approval'] as 'none' | 'required' } : {}),
        ...(options['productive'] ? { productive: true } : {}),
        ...(options['notProductive'] ? { productive: false } : {}),
        ...(options['retraining'] === undefined ? {} : { retraining: options['retraining'] as string }),
      }
      const params = { project, model }
      if (Object.keys(change).length > 0) await client.call(setModelPolicy, { params, body: change })
      const { policy } = await client.call(getModel, { params })
      const retraining = await client.call(getModelRetraining, { params })
      show({ policy, retraining }, () =>
        [
          factsText({
            approval: policy.approval,
            productive: policy.productive ? 'yes' : 'no',
            'retrained when': policy.retraining,
            age: retraining.ageMs === null ? null : `v${retraining.version}, ${durationText(retraining.ageMs)} old`,
            'last retraining':
              retraining.lastOutcome &&
              `${retraining.lastOutcome.state}${retraining.lastOutcome.reason ? `: ${retraining.lastOutcome.reason}` : ''}`,
            attention: retraining.warnings.join(' ') || null,
          }),
          tableText(
            ['pipeline', 'trigger', 'between two', 'next', 'a run takes', 'last run'],
            retraining.triggers.map((one) => [
              one.pipeline,
              one.name,
              one.cadence.backToBack
                ? 'back to back'
                : one.cadence.everyMs === null
                  ? ''
                  : durationText(one.cadence.everyMs),
              one.nextDue === null ? '' : timeText(one.nextDue),
              one.cadence.longestMs === null ? '' : durationText(one.cadence.longestMs),
              one.cadence.lastRun?.state ?? 'never ran',
            ]),
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('strategy')
      .argument('[file.json]', 'sets it; without a file it is shown')
      .description('Shows or sets how the project manages its models: names, tags, metadata, labels, replacement.'),
    async ({ client, project, show }, file: string | undefined) => {
      const params = { project }
      const strategy =
        file === undefined
          ? await client.call(getModelStrategy, { params })
          : await client.call(setModelStrategy, {
              params,
              body: readStrategy(file, await readFile(resolve(terminal.cwd, file), 'utf8')),
            })
      show(strategy, (one) => JSON.stringify(one, null, 2))
    },
  )
  onAction(
    terminal,
    group
      .command('check')
      .argument('<model>', 'name that the model would have')
      .requiredOption('--run <id>', 'run that logged it')
      .option('--path <path>', 'its directory in the run', 'model')
      .option('--tag <key=value...>', 'tags that the version would have')
      .option('--description <text>', 'its description')
      .option('--alias <alias>', 'alias that it would get')
      .description(
        'Says everything that the strategy of the project would refuse a version for, without registering it. Ends with 1 where there is something.',
      ),
    async ({ client, project, options, show }, model: string) => {
      const tags = ((options['tag'] as string[] | undefined) ?? []).map((one) => {
        const at = one.indexOf('=')
        if (at < 1) throw new UsageError(`"${one}" is no tag. Write --tag key=value.`)
        return [one.slice(0, at), one.slice(at + 1)] as const
      })
      const body = {
        run: options['run'] as string,
        path: options['path'] as string,
        tags: Object.fromEntries(tags),
        ...(options['description'] === undefined ? {} : { description: options['description'] as string }),
        ...(options['alias'] === undefined ? {} : { alias: options['alias'] as string }),
      }
      const found = await client.call(checkModelVersion, { params: { project, model }, body })
      show(found, ({ accepted, problems }) => (accepted ? 'Nothing is against it.' : problems.join('\n')))
      if (!found.accepted) throw new FailedError(`A version of "${model}" like this would be refused.`)
    },
  )
  onAction(
    terminal,
    group
      .command('show')
      .argument('<model>', 'MODEL, MODEL/VERSION or MODEL@ALIAS')
      .description('Shows a model with its versions, or one version with its evidence.'),
    async ({ client, project, show }, reference: string) => {
      const { model, version, alias } = readReference(reference)
      const found = await client.call(getModel, { params: { project, model } })
      const wanted = version ?? found.aliases.find((one) => one.alias === alias)?.version
      if (alias !== undefined && wanted === undefined) throw new UsageError(`${model} has no alias "${alias}".`)
      if (wanted === undefined) {
        const { versions } = await client.call(listModelVersions, { params: { project, model } })
        show({ ...found, versionList: versions }, (one) =>
          [
            factsText({
              model: one.name,
              description: one.description,
              aliases: one.aliases.map((a) => `${a.alias} v${a.version}`).join(', '),
              approval: one.policy.approval,
              productive: one.policy.productive ? 'yes' : null,
              'retrained when': one.policy.retraining,
            }),
            tableText(
              ['version', 'aliases', 'state', 'gate', 'approval', 'made', 'by'],
              one.versionList.map((v) => [
                v.version,
                v.aliases.join(', '),
                v.state,
                v.gate,
                v.approval,
                timeText(v.createdAt),
                v.createdByName,
              ]),
            ),
          ].join('\n\n'),
        )
        return
      }
      show(await client.call(getModelVersion, { params: { project, model, version: wanted } }), (v) =>
        [
          factsText({
            version: `${v.model} v${v.version}`,
            aliases: v.aliases.join(', '),
            state: v.state,
            registered: `${timeText(v.createdAt)} by ${v.createdByName}`,
            gate: v.gateReason ?? v.gate,
            approval: v.approval,
            run: v.run,
            'pipeline run': v.pipelineRun,
            onnx: v.onnx && `${v.onnx.path}, ${bytesText(v.onnx.size)}`,
            missing: v.missing.join('; '),
            unsafe: v.unsafe && `${v.unsafe.kind}: ${v.unsafe.files.map(({ path }) => path).join(', ')}`,
            digest: v.artifactDigest,
          }),
          ...v.evidence.map((one) => `${one.kind} ${one.verdict}: ${one.summary}`),
        ].join('\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('alias')
      .argument('<model>')
      .argument('<alias>', 'champion, challenger or another name')
      .argument('[version]', 'version that it points to')
      .option('--delete', 'removes the alias')
      .option('--reason <text>', 'why, for the record; some aliases need it')
      .description('Points an alias to a version, or removes it.'),
    async ({ client, project, options, show }, model: string, alias: string, version?: string) => {
      if (options['delete'])
        show(
          await client.call(deleteModelAlias, { params: { project, model, alias } }),
          () => `${model} has no alias ${alias} any more.`,
        )
      else {
        if (!/^\d+$/.test(version ?? ''))
          throw new UsageError('Say which version: trivium models alias MODEL ALIAS VERSION.')
        show(
          await client.call(setModelAlias, {
            params: { project, model, alias },
            body: {
              version: Number(version),
              ...(options['reason'] === undefined ? {} : { reason: options['reason'] as string }),
            },
          }),
          () => `${model}@${alias} is v${version}.`,
        )
      }
    },
  )
}
