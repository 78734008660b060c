/** One message of an event stream. */
export interface StreamMessage {
  readonly event: string
  readonly data: string
}

/** Reads server-sent events from bytes; a message ends with an empty line. */
export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamMessage> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const parts = rest.split(/\r?\n\r?\n/)
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const message = readMessage(part)
      if (message.data !== '') yield message
    }
  }
}

function readMessage(text: string): StreamMessage {
  const fields = { event: 'message', data: [] as string[] }
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ''] = /^(event|data):? ?(.*)$/.exec(line) ?? []
    if (name === 'event') fields.event = value
    else if (name === 'data') fields.data.push(value)
  }
  return { ...fields, data: fields.data.join('\n') }
}
