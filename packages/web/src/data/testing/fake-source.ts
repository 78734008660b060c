import type { Source } from '../live.ts'

/** A stream that says what a test lets it say, and remembers which were opened. */
export class FakeSource implements Source {
  static opened: FakeSource[] = []
  readonly url: string
  closed = false
  readyState = 1
  private readonly listeners = new Map<string, ((event: { data?: string }) => void)[]>()
  constructor(url: string) {
    this.url = url
    FakeSource.opened.push(this)
  }
  addEventListener(type: string, listener: (event: { data?: string }) => void) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener])
  }
  close() {
    this.closed = true
  }
  say(type: string, data?: unknown) {
    for (const listener of this.listeners.get(type) ?? [])
      listener(data === undefined ? {} : { data: JSON.stringify(data) })
  }
}
