import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where a raw request goes. */
export interface RawTarget {
  readonly name: string
  readonly port: number
  readonly tls: boolean
}

export interface RawAnswer {
  /** Of each answer that came, in order. */
  readonly statuses: readonly number[]
  readonly text: string
  /** Ended by the server, or still open when the patience was over. */
  readonly closed: boolean
}

/** What is sent, in pieces; a number is a pause in milliseconds. Then the client waits, says that it has ended, or breaks off. */
export interface RawRequest {
  readonly pieces: Iterable<string | Buffer | number>
  readonly end?: 'wait' | 'half' | 'reset'
  readonly patienceMs?: number
  /** Whether what comes is taken off the wire; the server's own buffers fill up if not. */
  readonly reads?: boolean
  /** Enough when so many answers are whole. */
  readonly answers?: number
}

/** Sends bytes as they are and gives back what comes. */
export async function sendRaw(target: RawTarget, request: RawRequest): Promise<RawAnswer> {
  const { pieces, end = 'wait', patienceMs = 15_000, answers = 1, reads = true } = request
  const socket: Socket = target.tls
    ? connectTls({ host: '127.0.0.1', port: target.port, rejectUnauthorized: false })
    : connect(target.port, '127.0.0.1')
  let text = ''
  let closed = false
  const gone = new Promise<void>((resolve) => {
    socket.on('error', () => {})
    socket.once('end', resolve)
    socket.once('close', resolve)
  }).then(() => {
    closed = true
  })
  const enough = new Promise<void>((resolve) => {
    if (!reads) return
    socket.on('data', (data: Buffer) => {
      // Larger answers are not looked at.
      if (text.length < 1_000_000) text += data.toString('latin1')
      if (end === 'wait' && wholeAnswers(text) >= answers) resolve()
    })
  })
  await new Promise<void>((resolve) => {
    socket.once(target.tls ? 'secureConnect' : 'connect', resolve)
    void gone.then(resolve)
  })
  for (const piece of pieces) {
    if (closed || socket.destroyed) break
    if (typeof piece === 'number') await sleep(piece)
    else if (!socket.write(piece as Buffer)) await Promise.race([drained(socket), gone, sleep(patienceMs)])
  }
  if (end === 'half') socket.end()
  if (end === 'reset') {
    if (target.tls) socket.destroy()
    else socket.resetAndDestroy()
  }
  await Promise.race([gone, enough, sleep(patienceMs)])
  const ended = closed
  socket.destroy()
  const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status))
  return { statuses, text, closed: ended }
}

/** How many answers with a length are there from head to end; what has none counts when its end is there. */
function wholeAnswers(text: string): number {
  let count = 0
  for (let at = 0; ; ) {
    const head = text.indexOf('\r\n\r\n', at)
    if (head < 0) return count
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(at, head))?.[1]
    const chunked = /\r\ntransfer-encoding: chunked/i.test(text.slice(at, head))
    const continued = text.startsWith('HTTP/1.1 100', at)
    const end = continued
      ? head + 4
      : length !== undefined
        ? head + 4 + Number(length)
        : chunked
          ? text.indexOf('\r\n0\r\n\r\n', head) + 7
          : head + 4
    if (end > text.length || (chunked && end < head)) return count
    if (!continued) count += 1
    at = end
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const drained = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('drain', resolve))
