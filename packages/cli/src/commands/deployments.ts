import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BodyOf,
  deployModel,
  type FeatureBinding,
  getDeployment,
  getRestorePoint,
  getSession,
  listDeployments,
  predict,
  pushLabelFile,
  restoreDeployment,
  retireDeployment,
  setDeploymentLimit,
  rollBackDeployment,
} from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import type { Command } from 'commander'
import { type Action, onAction } from '../command.ts'
import { FailedError, UsageError } from '../fail.ts'
import { amountText, countText, factsText, tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { readDocument } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'
import { openUpload } from '../upload.ts'

const pollMs = 300

/** `trivium deploy`, `deployments …`, `predict`, `feedback` */
export function deploymentCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('deploy')
      .argument('<name>', 'name of the deployment')
      .requiredOption('--model <version>', 'MODEL@ALIAS or MODEL/VERSION')
      .option('--features <file>', 'YAML or JSON: {features: [{view, keys, outputs}]} to look up online')
      .option('--reason <text>', 'why, for the history')
      .option('--wait', 'waits until the deployment answers with it')
      .option('--timeout <seconds>', 'how long --wait waits', wholeNumber, 120)
      .description('Makes a release of a model version and points a deployment to it.'),
    async (work, name: string) => {
      const { client, project, options } = work
      const { model, features, reason } = options as { model?: string; features?: string; reason?: string }
      const bindings =
        features === undefined
          ? undefined
          : (await readDocument<{ features?: FeatureBinding[] }>(terminal, features)).features
      const made = await client.call(deployModel, {
        params: { project },
        body: {
          name,
          model: model ?? '',
          ...(bindings ? { features: bindings } : {}),
          ...(reason === undefined ? {} : { reason }),
        },
      })
      const deployment = options['wait'] ? await ready(work, name) : made.deployment
      work.show(
        { ...made, deployment },
        ({ release }) =>
          `${name} release ${release.number}: ${release.manifest.model} v${release.manifest.version}, ${deployment.state}. ${deployment.predictUrl}`,
      )
    },
  )
  const group = program.command('deployments').description('Deployments: models that answer requests.')
  onAction(
    terminal,
    group.command('list').option('--retired', 'lists retired ones as well').description('Lists deployments.'),
    async ({ client, project, options, show }) => {
      show(
        await client.call(listDeployments, { params: { project }, query: { retired: options['retired'] === true } }),
        ({ deployments }) =>
          tableText(
            ['name', 'state', 'model', 'release', 'predictions', 'p99 ms', 'since'],
            deployments.map((d) => [
              d.name,
              d.state,
              d.current && `${d.current.manifest.model} v${d.current.manifest.version}`,
              d.current?.number,
              countText(d.traffic.predictions),
              d.traffic.p99Ms?.toFixed(2),
              timeText(d.current?.createdAt),
            ]),
          ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('show')
      .argument('<name>')
      .description('Shows a deployment: what answers, what to send, and its history.'),
    async ({ client, project, show }, deployment: string) => {
      show(await client.call(getDeployment, { params: { project, deployment } }), (d) =>
        [
          factsText({
            deployment: d.name,
            state: d.state,
            problem: d.problem,
            model: d.current && `${d.current.manifest.model} v${d.current.manifest.version}`,
            release: d.current?.number,
            'predict at': d.predictUrl,
            inference: d.inferenceUrl,
            predictions: countText(d.traffic.predictions),
            'p99 ms': d.traffic.p99Ms?.toFixed(2),
          }),
          tableText(
            ['input', 'type', 'what'],
            d.inputs.map((input) => [input.name, input.type, input.description]),
          ),
          tableText(
            ['release', 'model', 'how', 'at', 'by', 'why'],
            d.activations.map((a) => [
              a.number,
              `${a.model} v${a.version}`,
              a.kind,
              timeText(a.at),
              a.byName,
              a.reason,
            ]),
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('rollback')
      .argument('<name>')
      .option('--release <id>', 'rel_…; without it the one before')
      .option('--reason <text>', 'why, for the history')
      .description('Points a deployment back to an earlier release; no request is lost.'),
    async ({ client, project, options, show }, deployment: string) => {
      const { release, reason } = options as { release?: string; reason?: string }
      const body = { ...(release === undefined ? {} : { release }), ...(reason === undefined ? {} : { reason }) }
      show(
        await client.call(rollBackDeployment, { params: { project, deployment }, body }),
        (back) =>
          `${deployment} answers with release ${back.release.number} again: ${back.release.manifest.model} v${back.release.manifest.version}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('restore')
      .argument('<name>')
      .option('--reason <text>', 'why, for the history')
      .option('--dry-run', 'only says what would change')
      .description(
        'Goes back to the last state that is known to have worked: model, configuration, champion, and the pipeline with its code and data.',
      ),
    async ({ client, project, options, show }, deployment: string) => {
      const params = { project, deployment }
      const { reason } = options as { reason?: string }
      const done = options['dryRun']
        ? undefined
        : await client.call(restoreDeployment, {
            params,
            body: reason === undefined ? {} : { reason },
          })
      const point = done?.restored ?? (await client.call(getRestorePoint, { params }))
      show(done ?? point, () =>
        factsText({
          [done ? 'restored' : 'would restore']: deployment,
          model: `${point.release.manifest.model} v${point.release.manifest.version}, release ${point.release.number}`,
          champion: point.alias && `v${point.alias.from} → v${point.alias.to}`,
          code:
            point.pipeline &&
            `pipeline ${point.pipeline.name} as in its version ${point.pipeline.from}${done?.pipelineVersion ? `, now version ${done.pipelineVersion}` : ''}`,
          data: point.datasets.map((one) => `${one.name} v${one.version}`).join(', ') || null,
          'passed over': point.passedOver.map((one) => `release ${one.number}: ${one.reason}`).join(' ') || null,
        }),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('limit')
      .argument('<name>')
      .argument('[requests]', 'a minute and token; without it what the settings of the server say', wholeNumber)
      .description('Says how many requests one token may make of a deployment in a minute.'),
    async ({ client, project, show }, deployment: string, requests: number | undefined) => {
      show(
        await client.call(setDeploymentLimit, {
          params: { project, deployment },
          body: { requestsPerMinute: requests ?? null },
        }),
        (one) =>
          one.requestsPerMinute === null
            ? `${deployment} has the limit of the server's settings.`
            : `One token may make ${amountText(one.requestsPerMinute, 'request')} of ${deployment} a minute.`,
      )
    },
  )
  onAction(
    terminal,
    group.command('retire').argument('<name>').description('Takes a deployment out of service; its history stays.'),
    async ({ client, project, show }, deployment: string) => {
      await client.call(retireDeployment, { params: { project, deployment } })
      show({ retired: deployment }, () => `${deployment} answers no more. Deploy to it again to bring it back.`)
    },
  )
  onAction(
    terminal,
    program
      .command('predict')
      .argument('<deployment>')
      .argument('<json>', 'inputs by name, or a list of such rows')
      .option('--event-time <time>', 'when the thing predicted happens: ISO 8601 or milliseconds')
      .description('Asks a deployment; each row becomes a record of the prediction log.'),
    async ({ client, project, options, show }, deployment: string, text: string) => {
      const when = options['eventTime'] as string | undefined
      const eventTime: { eventTime?: number | string } =
        when === undefined ? {} : { eventTime: /^\d+$/.test(when) ? Number(when) : when }
      const given = inputsOf(text)
      await requireHomeProject(client, project)
      const body: BodyOf<typeof predict> = Array.isArray(given)
        ? { rows: given.map((inputs) => ({ inputs, ...eventTime })) }
        : { inputs: given, ...eventTime }
      show(await client.call(predict, { params: { deployment }, body }), ({ model, version, predictions }) =>
        [
          `${model} v${version}`,
          ...predictions.map(
            ({ id, outputs }) =>
              `${id}  ${Object.entries(outputs)
                .map(([name, value]) => `${name} ${String(value)}`)
                .join('  ')}`,
          ),
        ].join('\n'),
      )
    },
  )
  onAction(
    terminal,
    program
      .command('feedback')
      .argument('<deployment>')
      .argument('<file>', 'JSON lines, CSV or Parquet with prediction_id, value and event_time')
      .description('Sends what really happened: labels of predictions, by id.'),
    async ({ client, project, show }, deployment: string, file: string) => {
      const format = formatOf(file)
      const upload = await openUpload(terminal, file)
      show(
        await client.call(pushLabelFile, { params: { project, deployment }, query: { format }, body: upload.stream() }),
        ({ accepted }) => `${amountText(accepted, 'label')} accepted for ${deployment}.`,
      )
    },
  )
}

async function ready({ client, project, options, terminal }: Action, deployment: string) {
  const until = Date.now() + Number(options['timeout']) * 1000
  for (;;) {
    const found = await client.call(getDeployment, { params: { project, deployment } })
    if (found.state === 'ready') return found
    if (found.state === 'failed')
      throw new FailedError(`${deployment} cannot answer: ${found.problem ?? 'the gateway does not say why'}`)
    if (Date.now() > until)
      throw new FailedError(
        `${deployment} does not answer yet after ${String(options['timeout'])} s. It is ${found.state}.`,
      )
    await sleep(pollMs, undefined, { signal: terminal.signal })
  }
}

/** The inference endpoint acts in the project of the token; it must be the one that is asked for. */
async function requireHomeProject(client: Client, project: string): Promise<void> {
  const { homeProject } = await client.call(getSession, {})
  if (homeProject !== project)
    throw new UsageError(
      `Predictions are made in the project of the token, "${homeProject}", not in "${project}". Make a token there (trivium token create NAME --project ${project}) and set TRIVIUM_TOKEN to it.`,
    )
}

function inputsOf(text: string): Record<string, unknown> | Record<string, unknown>[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UsageError(`The inputs are no JSON. Write them as '{"distance": 1846, "origin": "ORD"}'.`)
  }
  const isMap = (one: unknown): one is Record<string, unknown> =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
  if (isMap(value) || (Array.isArray(value) && value.length > 0 && value.every(isMap))) return value
  throw new UsageError('The inputs must be an object of names and values, or a list of such objects.')
}

function formatOf(path: string): 'ndjson' | 'csv' | 'parquet' {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''
  const formats: Record<string, 'ndjson' | 'csv' | 'parquet'> = {
    jsonl: 'ndjson',
    ndjson: 'ndjson',
    csv: 'csv',
    parquet: 'parquet',
    pq: 'parquet',
  }
  const format = formats[ending]
  if (!format) throw new UsageError(`"${path}" is none of .jsonl, .ndjson, .csv and .parquet.`)
  return format
}
