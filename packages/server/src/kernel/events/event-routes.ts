import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import {
  advanceWatermark,
  exportEvents,
  getEventChain,
  getSigningKey,
  getWatermark,
  listEvents,
  type SealedEvent,
  streamEvents,
  verifyEvents,
} from '@trivium/contract'
import { type Http, mount } from '../http/index.ts'
import type { Kernel } from '../kernel.ts'
import { canonicalEvent } from './canonical-event.ts'
import type { EventListInput } from './event-list-thread.ts'
import { sealedEventOf } from './event-log.ts'
import { eventSchemaRoutes } from './event-schema-routes.ts'
import { listEventRows } from './list-events.ts'
import { pemOf } from './signing-key.ts'
import { chainState, noteVerification, verifyProject } from './verify-project.ts'

const heartbeatMs = 15_000
const batch = 200

/** Events, the live stream and the watermark. */
export function eventRoutes(app: Http, kernel: Kernel): void {
  const { db, events, sequencer, volatile, watermark } = kernel
  chainRoutes(app, kernel)
  eventSchemaRoutes(app)
  const streams = new Set<ServerResponse>()
  // An open stream would hold up the end of the server for ever; its reader connects again.
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.end()
  })

  mount(app, listEvents, 200, async ({ scope, query }) => {
    const head = await events.head(db.read)
    const { limit = 100, after, before, ...filter } = query
    const input: EventListInput = { project: scope.project, limit, after, before, filter }
    return { events: (await listEventRows(kernel, input)).map(sealedEventOf), head }
  })

  mount(app, exportEvents, 200, async ({ scope, query, reply }) => {
    const lines = exportLines(kernel, scope.project, query, await events.head(db.read))
    return reply
      .header('content-type', 'application/jsonl; charset=utf-8')
      .header('content-disposition', `attachment; filename="${scope.project}-events.jsonl"`)
      .send(Readable.from(lines))
  })

  mount(app, streamEvents, 200, async ({ scope, query, request, reply }) => {
    // Who asks for the head of a stream alone waits for its end, and there is none.
    if (request.method === 'HEAD') return reply.type('text/event-stream').send()
    const { raw } = reply
    reply.hijack()
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    const resume = Number(request.headers['last-event-id'] ?? query.after)
    let cursor = Number.isSafeInteger(resume) && resume >= 0 ? resume : await events.head(db.read)
    const channels = new Set(query.channels?.split(',').filter(Boolean))
    let reading = false
    let again = false
    let open = true
    const pump = async (): Promise<void> => {
      if (reading) {
        again = true
        return
      }
      reading = true
      try {
        do {
          again = false
          const found = await readOn(kernel, scope.project, cursor)
          for (const event of found) {
            cursor = event.seq
            if (!open) return
            if (!raw.write(`id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`)) await drained(raw)
          }
          if (found.length === batch) again = true
        } while (again && open)
      } finally {
        reading = false
      }
    }
    raw.write(`: live\nid: ${cursor}\nevent: ready\ndata: {"head":${cursor}}\n\n`)
    const stops = [
      sequencer.onSealed(() => void pump().catch(() => raw.destroy())),
      volatile.subscribe(scope.project, ({ channel, payload }) => {
        // A reader that cannot keep up loses live progress, never events.
        if (channels.has(channel) && raw.writableLength < 262_144)
          raw.write(`event: volatile\ndata: ${JSON.stringify({ channel, ...payload })}\n\n`)
      }),
    ]
    const heartbeat = setInterval(() => {
      raw.write(': still here\n\n')
      // A token that was revoked, or a role that was taken away, ends the stream as well.
      request.checkAgain().catch(() => {
        stop()
        raw.end()
      })
    }, heartbeatMs)
    // Nothing is written to a stream that has ended: that would be an error which nobody handles.
    const stop = (): void => {
      open = false
      clearInterval(heartbeat)
      for (const one of stops) one()
    }
    streams.add(raw)
    raw.on('error', stop)
    raw.on('close', () => {
      stop()
      streams.delete(raw)
    })
    await pump().catch(() => raw.destroy())
    return undefined
  })

  mount(app, getWatermark, 200, async ({ scope }) => {
    const { at, mode } = await watermark.read(db.read, scope.project)
    const blockers = await watermark.blockers(scope.project)
    return { at, mode, settled: blockers.length === 0, blockers }
  })

  mount(app, advanceWatermark, 200, ({ scope, body }) => watermark.advance(scope, body.to, body.waitMs ?? 10_000))
}

/** The hash chain: where it stands, its verification, the key of its checkpoints. */
function chainRoutes(app: Http, kernel: Kernel): void {
  const { db, signingKey } = kernel
  /** A second caller waits for the verification that runs. */
  const running = new Map<string, ReturnType<typeof verifyProject>>()
  mount(app, getEventChain, 200, ({ scope }) => chainState(db.read, scope.project))
  mount(app, verifyEvents, 200, async ({ scope: { project } }) => {
    const known = running.get(project)
    if (known) return known
    const verification = verifyProject(kernel, project).finally(() => running.delete(project))
    running.set(project, verification)
    const report = await verification
    await noteVerification(kernel, report)
    return report
  })
  mount(app, getSigningKey, 200, async () => {
    const rows = await db.read.selectFrom('signing_key').selectAll().orderBy('added_at').execute()
    return {
      keyId: signingKey.keyId,
      publicKey: pemOf(signingKey),
      known: rows.map((row) => ({ keyId: row.key_id, publicKey: row.public_key, addedAt: row.added_at })),
    }
  })
}

/** The next events of a stream; who comes back after months reads them from archives first. */
async function readOn(kernel: Kernel, project: string, cursor: number): Promise<SealedEvent[]> {
  const { db, events } = kernel
  const archived = await db.read
    .selectFrom('event_archive')
    .select('first_batch')
    .where('project_id', '=', project)
    .where('last_seq', '>', cursor)
    .executeTakeFirst()
  if (!archived) return events.readAfter(db.read, cursor, batch, { project })
  return (await listEventRows(kernel, { project, limit: batch, after: cursor, filter: {} })).map(sealedEventOf)
}

/** Canonical lines, read a thousand at a time as they are taken. */
async function* exportLines(
  kernel: Kernel,
  project: string,
  filter: EventListInput['filter'],
  head: number,
): AsyncGenerator<string> {
  const limit = 1000
  for (let after = 0; ; ) {
    const input: EventListInput = { project, limit, after, before: head + 1, filter }
    const rows = await listEventRows(kernel, input)
    if (rows.length > 0) yield rows.map((row) => `${canonicalEvent(row)}\n`).join('')
    if (rows.length < limit) return
    after = rows.at(-1)?.seq ?? head
  }
}

/** Waits until a slow reader has taken what was written, or is gone. */
function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (raw.closed) return resolve()
    const done = () => {
      raw.off('drain', done)
      raw.off('close', done)
      resolve()
    }
    raw.on('drain', done)
    raw.on('close', done)
  })
}
