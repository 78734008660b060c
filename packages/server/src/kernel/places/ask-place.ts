import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { blobErrors } from '../blobs/index.ts'
import { type ContentPlace, type PlacedKey, PlaceFailure } from '../ports/index.ts'
import type { OpenPlace, Places } from './places.ts'

/** How a call to a place ended. */
export interface PlaceUse {
  readonly address: string
  /** null: it did. */
  readonly failure: string | null
}

/** Asks places, again where it may help; what one does not do is BLOB.PLACE_FAILED, with its name and project. */
export interface PlaceAsker {
  open(project: string, id: string): Promise<OpenPlace>
  ask<T>(at: OpenPlace, work: (place: ContentPlace) => Promise<T>): Promise<T>
  /** The bytes as they lie there, to their end: a connection that breaks off is taken up again. Undefined when there are none. */
  get(
    project: string,
    at: PlacedKey & { readonly place: string },
    range?: { start: number; end: number },
  ): Promise<Readable | undefined>
}

const tries = 3
/** Failures of the way out that the next attempt may not have. */
const passing: ReadonlySet<string> = new Set(['EGRESS.TIMEOUT', 'EGRESS.FAILED'])

export function createPlaceAsker({
  places,
  onUse = () => {},
  pauseMs = 200,
}: {
  places: Pick<Places, 'find'>
  onUse?: ((use: PlaceUse) => void) | undefined
  pauseMs?: number | undefined
}): PlaceAsker {
  const open: PlaceAsker['open'] = async (project, id) => {
    const found = await places.find(project, id)
    if (!found) throw blobErrors.PLACE_FAILED('A place', project, 'it is not known to this server any more.')
    return found
  }
  const ask: PlaceAsker['ask'] = async ({ address, project, place }, work) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const done = await work(place)
        onUse({ address, failure: null })
        return done
      } catch (error) {
        const { code = '', message } = error as { code?: string; message: string }
        if (code.startsWith('BLOB.')) throw error
        const again = error instanceof PlaceFailure ? error.again : passing.has(code)
        if (!again || attempt === tries) {
          onUse({ address, failure: message })
          throw blobErrors.PLACE_FAILED(address, project, message)
        }
        await sleep(pauseMs * 2 ** attempt)
      }
    }
  }
  /** What began to come, until its end. */
  async function* goingOn(
    from: OpenPlace,
    at: PlacedKey,
    { start, end }: { start: number; end: number },
    first: Readable,
  ): AsyncGenerator<Buffer> {
    let next = start
    let left = tries
    for (let stream: Readable | undefined = first; stream; ) {
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          next += chunk.length
          left = tries
          yield chunk
        }
        return
      } catch (error) {
        left -= 1
        if (next > end) return
        const { message } = error as Error
        if (left === 0) throw blobErrors.PLACE_FAILED(from.address, from.project, `it broke off: ${message}.`)
        // Its credentials may have been replaced meanwhile.
        stream = await ask(await open(from.project, from.id), (place) => place.get(at, { start: next, end }))
      }
    }
  }

  return {
    open,
    ask,
    get: async (project, at, range) => {
      const from = await open(project, at.place)
      const first = await ask(from, (place) => place.get(at, range))
      if (!first) return undefined
      const wanted = range ?? { start: 0, end: at.size - 1 }
      const whole = Readable.from(goingOn(from, at, wanted, first), { objectMode: false, highWaterMark: 1 << 18 })
      // A reader that goes away, or a connection that breaks off, before anything was read.
      first.on('error', () => {})
      whole.once('close', () => first.destroy())
      return whole
    },
  }
}
