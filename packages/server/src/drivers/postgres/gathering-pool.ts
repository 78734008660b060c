import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { preparedMark } from '../../kernel/db/database.ts'

/** Before the text of a statement whose answer nobody waits for. */
const laterMark = '/* later */ '

export const markLater = (text: string): string => laterMark + text

interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

interface Answer {
  readonly command: string
  readonly rowCount: number
  readonly rows: any[]
}

/** What `pg.Query` does with the connection that it is submitted to; its types leave that out. */
interface Wire {
  parse(statement: { text: string; name: string }): void
  close(what: { type: 'S'; name: string }): void
  bind(bound: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void
  execute(portal: Record<string, never>): void
}

const QueryOnWire = pg.Query as unknown as new (
  text: string,
  values: readonly unknown[],
) => pg.Submittable & {
  name: string
  callback: (error: Error | undefined, answer: Answer) => void
  prepare(wire: Wire): void
  hasBeenParsed(wire: Wire): boolean
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))

const mostNames = 50
const names = new Map<string, string>()

/** The name under which connections keep a statement prepared that comes again and again; empty when there are enough of them. */
function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined && names.size < mostNames) names.set(text, (name = `trivium_${names.size + 1}`))
  return name ?? ''
}

const isKept = ({ text }: Pick<Statement, 'text'>): boolean => text.startsWith(preparedMark)

/** The statements that a connection has prepared; false for one of which that is not known, because it failed or something beside it. */
type Prepared = Map<string, boolean>

/**
 * Several statements that go to the database in one message and come back with one: the answer is that of the last. When one fails those after it are not
 * tried, and its error is the answer.
 */
class Together extends QueryOnWire {
  readonly #before: readonly Statement[]
  readonly #last: Statement
  readonly #prepared: Prepared
  #unanswered: number

  constructor(before: readonly Statement[], last: Statement, prepared: Prepared) {
    super(last.text, last.values)
    this.#prepared = prepared
    this.#before = before
    this.#last = last
    this.#unanswered = before.length
  }

  requiresPreparation(): boolean {
    return true
  }

  override prepare(wire: Wire): void {
    for (const statement of this.#before) {
      wire.bind({ statement: this.#parse(wire, statement), values: statement.values, valueMapper: textOf })
      wire.execute({})
    }
    if (isKept(this.#last)) this.name = this.#parse(wire, this.#last)
    super.prepare(wire)
  }

  /** Where it has a name it is parsed by now. */
  override hasBeenParsed(): boolean {
    return Boolean(this.name)
  }

  /** The name under which the statement is there now, empty for none. */
  #parse(wire: Wire, { text }: Statement): string {
    const name = nameOf(text)
    const known = name === '' ? undefined : this.#prepared.get(name)
    if (known === false) wire.close({ type: 'S', name })
    if (!known) wire.parse({ text, name })
    // Until the answer is here; it may also come twice before that.
    if (name !== '') this.#prepared.set(name, true)
    return name
  }

  /** Which of them were prepared is not known. */
  forget(): void {
    const named = isKept(this.#last) ? [...this.#before, this.#last] : this.#before
    for (const { text } of named) this.#prepared.set(nameOf(text), false)
  }

  override handleDataRow(message: unknown): void {
    if (this.#unanswered === 0) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.#unanswered > 0) this.#unanswered -= 1
    else super.handleCommandComplete(message, wire)
  }
}

const begins = ({ text }: Pick<Statement, 'text'>): boolean => text === 'begin' || text.startsWith('start transaction')
const done = (command: string): Answer => ({ command, rowCount: 0, rows: [] })

/**
 * A connection that holds back `begin` and statements marked as later, and sends them with the next statement, in their order. A message costs the program and the
 * database more than the short statement in it: a change of one row and its event take two messages, and not five.
 */
class GatheringClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #prepared: Prepared = new Map()
  #held: Statement[] = []
  /** Whether the database knows of the transaction. */
  #open = false

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  get processID(): number {
    return (this.#client as unknown as { processID: number }).processID
  }

  query(text: string, values?: readonly unknown[]): Promise<any>
  query(cursor: any): any
  query(text: string, values: readonly unknown[] = []): Promise<Answer> {
    if (begins({ text })) return this.#hold({ text, values }, 'BEGIN')
    if (text.startsWith(laterMark)) return this.#hold({ text: text.slice(laterMark.length), values }, 'INSERT')
    const before = this.#held
    this.#held = []
    if (text === 'rollback') return this.#end(() => this.#alone(text, []), 'ROLLBACK')
    const alone = before.length === 0 && !isKept({ text })
    const send = () => (alone ? this.#alone(text, values) : this.#together(before, { text, values }))
    if (text !== 'commit') {
      if (before.some(begins)) this.#open = true
      return send()
    }
    if (before.some((statement) => !begins(statement))) this.#open = true
    return this.#end(send, 'COMMIT')
  }

  release(error?: Error | boolean): void {
    this.#held = []
    this.#open = false
    this.#client.release(error)
  }

  /** The database knows nothing of a transaction in which nothing was said. */
  async #end(send: () => Promise<Answer>, command: string): Promise<Answer> {
    if (!this.#open) return done(command)
    const answer = await send()
    this.#open = false
    return answer
  }

  #alone(text: string, values: readonly unknown[]): Promise<Answer> {
    return this.#client.query(text, [...values]) as unknown as Promise<Answer>
  }

  #together(before: readonly Statement[], last: Statement): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const together = new Together(before, last, this.#prepared)
      together.callback = (error, answer) => {
        if (!error) return resolve(answer)
        together.forget()
        reject(error)
      }
      this.#client.query(together)
    })
  }

  #hold(statement: Statement, command: string): Promise<Answer> {
    this.#held.push(statement)
    return Promise.resolve(done(command))
  }
}

/** The pool as Kysely sees it: with connections that gather what can be sent together. */
export function gatheringPool(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, GatheringClient>()
  return {
    options: pool.options,
    connect: async () => {
      const client = await pool.connect()
      let gathering = clients.get(client)
      if (!gathering) clients.set(client, (gathering = new GatheringClient(client)))
      return gathering
    },
    end: () => pool.end(),
  }
}
