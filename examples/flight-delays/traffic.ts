import { Agent, request } from 'node:http'
import type { Flight } from './feed.ts'

/** The airline's own system: it asks for a prediction at each departure. */
export interface Traffic {
  /** One request a flight, `concurrency` at a time. */
  single(flights: readonly Flight[]): Promise<void>
  /** One request for many flights. */
  batch(flights: readonly Flight[]): Promise<void>
  readonly singleRequests: number
  readonly predictions: number
  /** Id of the newest prediction. */
  readonly lastId: string
  close(): void
}

const concurrency = 12

export function createTraffic({ url, token, deployment }: { url: string; token: string; deployment: string }): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const target = new URL(`/deployments/${deployment}/predict`, url)
  let singleRequests = 0
  let predictions = 0
  let lastId = ''

  const post = (body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(
        target,
        {
          method: 'POST',
          agent,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('end', () =>
            answer.statusCode === 200
              ? resolve()
              : reject(new Error(`A prediction was refused (${answer.statusCode}): ${text.slice(0, 500)}`)),
          )
          answer.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })

  return {
    single: async (flights) => {
      let next = 0
      const worker = async (): Promise<void> => {
        for (;;) {
          const flight = flights[next]
          next += 1
          if (!flight) return
          await post(JSON.stringify(rowOf(flight)))
          lastId = flight.id
          singleRequests += 1
          predictions += 1
        }
      }
      await Promise.all(Array.from({ length: Math.min(concurrency, flights.length) }, worker))
    },
    batch: async (flights) => {
      if (flights.length === 0) return
      await post(JSON.stringify({ rows: flights.map(rowOf) }))
      predictions += flights.length
    },
    get singleRequests() {
      return singleRequests
    },
    get predictions() {
      return predictions
    },
    get lastId() {
      return lastId
    },
    close: () => agent.destroy(),
  }
}

/** What is known at the gate: the route, the distance and the clock. The delays at the origin are looked up by Trivium. */
function rowOf(flight: Flight): { id: string; eventTime: number; inputs: Record<string, string | number> } {
  const departure = new Date(flight.departure)
  return {
    id: flight.id,
    eventTime: flight.departure,
    inputs: {
      origin: flight.origin,
      destination: flight.destination,
      distance: flight.distance,
      weekday: (departure.getUTCDay() + 6) % 7,
      hour: departure.getUTCHours(),
    },
  }
}
