import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  addDatasetVersion,
  addPerson,
  advanceWatermark,
  createModel,
  createProject,
  createToken,
  decideInboxItem,
  defineFeatureView,
  defineMonitor,
  getDeployment,
  getPipelineRun,
  listEvents,
  listInbox,
  listPipelineRuns,
  pushFeatureFile,
  pushFeatureRows,
  pushLabels,
  type Role,
  type SealedEvent,
  setDatasetChecks,
  setModelPolicy,
  startPipelineRun,
} from '@trivium/contract'
import { ApiError, createClient } from '@trivium/sdk'
import { parse } from 'yaml'
import { type Client, savePipelineFolder, sendFile } from './client.ts'
import type { Display } from './display.ts'
import { beginFindings } from './findings.ts'
import type { Feed, Flight } from './feed.ts'
import { policy } from './policy.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export const project = 'flight-delays'
export const deployment = 'arrival-delay-prod'
export const model = 'arrival-delay'
export const pipeline = 'train-arrival-delay'
export const monitor = 'arrival-delay'

const dayMs = 86_400_000
const weekMs = 7 * dayMs
const hourMs = 3_600_000

/** What happened, for people and for `--summary`. */
export interface Summary {
  storySeconds: number
  datasetVersions: number
  modelVersions: number
  predictions: number
  labels: number
  alerts: number
  retrainings: number
  rejectedChallengers: number
  approvals: number
  singleRowRequests: number
  /** The story's events in their order, with event time: the same seed gives the same list. */
  story: { at: number; what: string }[]
  urls: Record<string, string>
}

export interface StoryOptions {
  readonly server: { readonly url: string; readonly inferenceUrl: string; readonly adminToken: string }
  readonly feed: Feed
  readonly display: Display
  /** Approves as `demo-approver` instead of waiting for a person. */
  readonly yes: boolean
  /** Weeks that are replayed after the first model was made. */
  readonly weeks: number
  /** Days of event time a second at most; undefined is as fast as it goes. */
  readonly speed?: number
  /** Every so many hours the flights of the hour are asked in one request; undefined is as the policy says. */
  readonly batchEveryHours?: number
  readonly signal: AbortSignal
}

interface Actors {
  readonly admin: Client
  readonly trainer: Client
  readonly approver: Client
  readonly airline: Client
  readonly tokens: { readonly trainer: string; readonly airline: string }
}

/** Runs the whole loop: data, training, gate, approval, deployment, traffic, labels, monitors, alerts, retraining. */
export async function runStory(options: StoryOptions): Promise<Summary> {
  const { server, feed, display } = options
  const started = Date.now()
  const actors = await prepareProject(options)
  const narrator = createNarrator(actors.admin, display)
  const first = feed.start + (policy.trainWeeks + 1) * weekMs

  const findings = await beginFindings(actors.trainer, project, pipeline)

  display.heading('The first model')
  await addWeek(options, actors, feed.start, first)
  await sendFile(
    { url: server.url, token: actors.tokens.airline },
    pushFeatureFile,
    { params: { project, view: 'arrivals' } },
    await feed.arrivalsFile(feed.start, first),
  )
  await advance(options, actors, narrator, first)
  const { id } = await actors.trainer.call(startPipelineRun, {
    params: { project, pipeline },
    body: { params: {}, holdsEventTime: true },
  })
  await waitForRun(options, actors, narrator, id)
  const { current } = await actors.admin.call(getDeployment, { params: { project, deployment } })
  if (!current) throw new Error('The first model was not deployed; its run says why.')
  await actors.admin.call(defineMonitor, { params: { project, monitor }, body: policy.monitor })

  display.heading(`Live traffic, ${options.weeks} weeks`)
  const traffic = createTraffic({ url: server.inferenceUrl, token: actors.tokens.airline, deployment })
  const replay = { labels: 0 }
  const asked = new Set<string>()
  for (let week = 0; week < options.weeks; week += 1) {
    const from = first + week * weekMs
    for (let day = from; day < from + weekMs; day += dayMs) {
      options.signal.throwIfAborted()
      await replayDay(options, actors, traffic, asked, replay, day)
      const last = day + dayMs === from + weekMs
      // The week's landings are there before event time passes its end, so that a retraining finds them.
      if (last) await addWeek(options, actors, from, from + weekMs)
      await advance(options, actors, narrator, day + dayMs)
      display.progress(
        `week ${week + 1} of ${options.weeks}, ${new Date(day).toISOString().slice(0, 10)}: ${traffic.predictions.toLocaleString('en-GB')} predictions, ${replay.labels.toLocaleString('en-GB')} labels`,
      )
      if (options.speed !== undefined) await new Promise((resolve) => setTimeout(resolve, 1000 / (options.speed ?? 1)))
    }
  }
  traffic.close()
  await narrator.catchUp()
  const report = await findings.write()
  return summarise(options, actors, narrator.events, { traffic, labels: replay.labels, started, report })
}

async function prepareProject({ server, display }: StoryOptions): Promise<Actors> {
  const admin = createClient({ baseUrl: server.url, token: server.adminToken })
  await admin.call(createProject, { body: { name: project, title: 'Flight delays' } })
  const account = async (name: string, role: Role, extra: Role[] = []): Promise<string> => {
    for (const one of [role, ...extra])
      await admin.call(addPerson, { params: { project }, body: { name, kind: 'service', role: one } })
    return (
      await admin.call(createToken, { params: { project }, body: { name: 'demo', for: name, expiresInDays: 30 } })
    ).secret
  }
  const trainer = await account('demo-trainer', 'maintainer')
  const approver = await account('demo-approver', 'approver')
  const airline = await account('demo-airline', 'contributor')
  const client = (token: string): Client => createClient({ baseUrl: server.url, token })
  const actors = {
    admin,
    trainer: client(trainer),
    approver: client(approver),
    airline: client(airline),
    tokens: { trainer, airline },
  }
  await actors.airline.call(setDatasetChecks, { params: { project, dataset: 'flights' }, body: policy.dataset })
  await actors.airline.call(defineFeatureView, {
    params: { project, view: 'arrivals' },
    body: parse(readFileSync(join(import.meta.dirname, policy.featureFile), 'utf8')),
  })
  await actors.trainer.call(createModel, {
    params: { project },
    body: { name: model, description: 'Will this flight land more than 15 minutes late? Asked at departure.' },
  })
  await admin.call(setModelPolicy, { params: { project, model }, body: { approval: 'required' } })
  const folder = join(import.meta.dirname, 'training')
  const yaml = readFileSync(join(folder, 'pipeline.yaml'), 'utf8')
  await savePipelineFolder(actors.trainer, { url: server.url, token: trainer }, project, pipeline, folder, yaml, {
    'requirements.txt': join(import.meta.dirname, '../../python/requirements.txt'),
  })
  display.event(null, `project ${project}: feature view, checks and pipeline are defined`)
  return actors
}

/** The flights that landed in [from, to) become the next version of the dataset. */
async function addWeek(
  { server, feed, display }: StoryOptions,
  actors: Actors,
  from: number,
  to: number,
): Promise<void> {
  const { version } = await sendFile(
    { url: server.url, token: actors.tokens.airline },
    addDatasetVersion,
    { params: { project, dataset: 'flights' }, query: { format: 'parquet', mode: 'append', event_time: 'date' } },
    await feed.landedFile(from, to),
  )
  display.event(
    to,
    `flights v${version.version}: ${version.addedRows.toLocaleString('en-GB')} flights landed, checks ${version.state === 'valid' ? 'passed' : 'warn'}`,
  )
}

/** One day, hour by hour: landings are pushed with the moment at which they become known, departures are predicted, labels follow the landings. */
async function replayDay(
  { feed, batchEveryHours = policy.batchEveryHours }: StoryOptions,
  actors: Actors,
  traffic: Traffic,
  asked: Set<string>,
  replay: { labels: number },
  day: number,
): Promise<void> {
  for (let hour = day; hour < day + dayMs; hour += hourMs) {
    const landed = feed.landings(hour, hour + hourMs)
    if (landed.length > 0)
      await actors.airline.call(pushFeatureRows, {
        params: { project, view: 'arrivals' },
        body: { rows: landed.map(arrivalRow) },
      })
    const departing = feed.departures(hour, hour + hourMs)
    for (const flight of departing) asked.add(flight.id)
    // Gates ask one flight at a time; every other hour a desk asks for the whole hour at once.
    if ((hour / hourMs) % batchEveryHours === 0) await traffic.batch(departing)
    else await traffic.single(departing)
  }
  // Flights that were in the air when the replay began were never asked about.
  const labels = feed.landings(day, day + dayMs).filter((flight) => asked.delete(flight.id))
  for (let at = 0; at < labels.length; at += 5000) {
    const part = labels.slice(at, at + 5000)
    const { accepted } = await actors.airline.call(pushLabels, {
      params: { project, deployment },
      body: {
        labels: part.map((flight) => ({
          predictionId: flight.id,
          value: flight.delay > 15,
          eventTime: flight.landing,
        })),
      },
    })
    replay.labels += accepted
  }
}

function arrivalRow(flight: Flight): {
  id: string
  key: { airport: string }
  eventTime: number
  knownAt: number
  values: { delay: number }
} {
  return {
    id: flight.id,
    key: { airport: flight.destination },
    eventTime: flight.landing,
    knownAt: flight.landing,
    values: { delay: flight.delay },
  }
}

/** Moves event time; waits for what that causes, and for the person who has to decide. */
async function advance(options: StoryOptions, actors: Actors, narrator: Narrator, to: number): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted()
    const moved = await actors.trainer.call(advanceWatermark, { params: { project }, body: { to, waitMs: 2000 } })
    await narrator.catchUp()
    if (moved.advanced && moved.settled) return
    await decide(options, actors)
    const [blocker] = moved.blockers
    if (blocker) options.display.progress(`waiting: ${blocker}`)
  }
}

async function waitForRun(options: StoryOptions, actors: Actors, narrator: Narrator, id: string): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted()
    const run = await actors.admin.call(getPipelineRun, { params: { project, run: id } })
    await narrator.catchUp()
    if (run.state === 'finished') return
    if (['failed', 'rejected', 'cancelled'].includes(run.state))
      throw new Error(
        `The first training run ended as ${run.state}: ${run.reason ?? ''} ${options.server.url}/p/${project}/pipeline-runs/${id}`,
      )
    await decide(options, actors)
    options.display.progress(
      `training: ${run.steps.find((step) => step.state === 'running' || step.state === 'waiting')?.name ?? 'starting'}`,
    )
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}

const announced = new Set<string>()

/** `--yes` approves as demo-approver; else the reader is asked once and the story waits. */
async function decide({ yes, display, server }: StoryOptions, actors: Actors): Promise<void> {
  const { items } = await actors.approver.call(listInbox, { params: { project }, query: { view: 'mine' } })
  for (const item of items.filter((one) => one.kind === 'approval')) {
    if (yes) {
      try {
        await actors.approver.call(decideInboxItem, {
          params: { project, item: item.id },
          body: { option: item.options[0]?.id ?? 'approve', reason: 'The gate passed; approved by the demo.' },
        })
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error
      }
    } else if (!announced.has(item.id)) {
      announced.add(item.id)
      display.event(null, `waiting for you: ${item.title}\n          ${server.url}/p/${project}/inbox/${item.id}`)
    }
  }
}

interface Narrator {
  readonly events: SealedEvent[]
  catchUp(): Promise<void>
}

/** Reads the project's events as they are sealed and tells the ones of the story. */
function createNarrator(admin: Client, display: Display): Narrator {
  const events: SealedEvent[] = []
  let cursor = 0
  return {
    events,
    catchUp: async () => {
      for (;;) {
        const page = await admin.call(listEvents, { params: { project }, query: { after: cursor, limit: 1000 } })
        for (const event of page.events) {
          cursor = event.seq
          events.push(event)
          const line = inWords(event)
          if (line !== undefined) display.event(event.eventTime, line)
        }
        if (page.events.length < 1000) return
      }
    },
  }
}

const nameOf = (urn: string): string => decodeURIComponent(urn.split('/').at(-1) ?? urn).replace('@', ' v')

/** The events that make the story, as a sentence each; the others are in the UI. */
function inWords(event: SealedEvent): string | undefined {
  const { data, subject } = event
  const reason = typeof data['reason'] === 'string' ? data['reason'] : ''
  switch (event.name) {
    case 'model-version.registered':
      return `${nameOf(subject)} registered as candidate`
    case 'gate.passed':
      return `gate passed ${nameOf(subject)}: ${reason}`
    case 'gate.rejected':
      return `gate REJECTED ${nameOf(subject)}: ${reason}`
    case 'model-version.approved':
      return `${nameOf(subject)} approved`
    case 'model-version.declined':
      return `${nameOf(subject)} declined`
    case 'release.activated':
      return `${deployment} now serves ${model} v${String(data['version'] ?? '')}`
    case 'alert.opened':
      return `ALERT ${String(data['title'] ?? data['fact'] ?? nameOf(subject))}`
    case 'alert.resolved':
      return `alert resolved: ${String(data['title'] ?? data['fact'] ?? nameOf(subject))}`
    case 'pipeline-run.started':
      return event.refs.some((ref) => /\/(alert|monitor|window)\//.test(ref.urn))
        ? `retraining started by ${nameOf(event.refs.find((ref) => /\/(alert|monitor|window)\//.test(ref.urn))?.urn ?? '')}`
        : undefined
    case 'pipeline-run.failed':
      return `training run failed: ${reason}`
    default:
      return undefined
  }
}

async function summarise(
  { server, display }: StoryOptions,
  actors: Actors,
  events: readonly SealedEvent[],
  totals: { traffic: Traffic; labels: number; started: number; report: string },
): Promise<Summary> {
  const count = (name: string): number => events.filter((event) => event.name === name).length
  const { runs } = await actors.admin.call(listPipelineRuns, { params: { project }, query: { pipeline, limit: 1000 } })
  const retrainings = runs.filter((run) => run.cause.kind === 'event')
  const story = events.flatMap((event) => {
    const what = inWords(event)
    return what === undefined ? [] : [{ at: event.eventTime ?? 0, what }]
  })
  const base = `${server.url}/p/${project}`
  const summary: Summary = {
    storySeconds: (Date.now() - totals.started) / 1000,
    datasetVersions: count('dataset.version-added'),
    modelVersions: count('model-version.registered'),
    predictions: totals.traffic.predictions,
    labels: totals.labels,
    alerts: count('alert.opened'),
    retrainings: retrainings.length,
    rejectedChallengers: count('gate.rejected'),
    approvals: count('model-version.approved'),
    singleRowRequests: totals.traffic.singleRequests,
    story,
    urls: {
      home: base,
      deployment: `${base}/deployments/${deployment}`,
      monitor: `${base}/monitors/${monitor}`,
      model: `${base}/models/${model}`,
      runs: `${base}/pipelines/${pipeline}`,
      report: `${base}/reports/${totals.report}`,
      prediction: `${base}/lineage?urn=${encodeURIComponent(`trivium://${project}/prediction/${deployment}:${totals.traffic.lastId}`)}`,
    },
  }
  display.heading('What happened')
  display.table([
    ['dataset versions', String(summary.datasetVersions)],
    ['model versions', String(summary.modelVersions)],
    [
      'predictions',
      `${summary.predictions.toLocaleString('en-GB')} (${summary.singleRowRequests.toLocaleString('en-GB')} one by one)`,
    ],
    ['labels', summary.labels.toLocaleString('en-GB')],
    ['alerts', String(summary.alerts)],
    ['retrainings', String(summary.retrainings)],
    ['challengers rejected', String(summary.rejectedChallengers)],
    ['approvals', String(summary.approvals)],
    ['story', `${summary.storySeconds.toFixed(0)} s`],
  ])
  display.heading('Look at it')
  display.table(Object.entries(summary.urls))
  return summary
}

/** Writes the summary for scripts. */
export function writeSummary(path: string, summary: Summary): void {
  writeFileSync(path, `${JSON.stringify(summary, null, 2)}\n`)
}

/** The administrator's token of a server on this machine. */
export function readAdminToken(data: string): string {
  return readFileSync(join(data, 'admin-token'), 'utf8').trim()
}
