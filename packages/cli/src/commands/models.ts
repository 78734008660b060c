import {
  deleteModelAlias,
  getModel,
  getModelVersion,
  listModels,
  listModelVersions,
  setModelAlias,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { UsageError } from '../fail.ts'
import { bytesText, factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium models …` */
export function modelCommands(program: Command, terminal: Terminal): void {
  const group = program.command('models').description('Registered models, their versions and aliases.')
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
          await client.call(setModelAlias, { params: { project, model, alias }, body: { version: Number(version) } }),
          () => `${model}@${alias} is v${version}.`,
        )
      }
    },
  )
}

/** `MODEL`, `MODEL/3`, `MODEL@champion` */
function readReference(text: string): { model: string; version?: number; alias?: string } {
  const version = /^([^/@]+)\/(\d+)$/.exec(text)
  if (version) return { model: version[1] ?? '', version: Number(version[2]) }
  const alias = /^([^/@]+)@([\w-]+)$/.exec(text)
  if (alias) return { model: alias[1] ?? '', alias: alias[2] ?? '' }
  if (/[/@]/.test(text)) throw new UsageError(`"${text}" names no model. Write MODEL, MODEL/VERSION or MODEL@ALIAS.`)
  return { model: text }
}
