import http from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: Buffer
  /** Milliseconds to the last byte. */
  readonly ms: number
}

/** A keep-alive HTTP client that measures; the same for us and for peers. */
export function createClient(url: string, token?: string) {
  const { hostname, port } = new URL(url)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const data = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(data ? { 'content-type': 'application/json', 'content-length': data.length } : {}),
      }
      const began = performance.now()
      const request = http.request({ agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks),
            ms: performance.now() - began,
          }
          if (answer.status === 200) resolve(answer)
          else reject(new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`))
        })
      })
      request.on('error', reject)
      request.end(data)
    })
  return { call, close: (): void => agent.destroy() }
}

export type Client = ReturnType<typeof createClient>
