import type { ReadStream } from 'node:tty'

/** Reads a secret from standard input: all that is piped in, or what is typed up to Enter, which is not shown. */
export async function readSecret(stdin: NodeJS.ReadStream, say: (text: string) => void): Promise<string> {
  if (!stdin.isTTY) {
    const chunks: Buffer[] = []
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer))
    return Buffer.concat(chunks).toString('utf8')
  }
  say('Value (it is not shown): ')
  try {
    return await typed(stdin)
  } finally {
    say('\n')
  }
}

function typed(stdin: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const end = (settle: () => void): void => {
      stdin.setRawMode(false)
      stdin.off('data', onData)
      stdin.pause()
      settle()
    }
    const onData = (chunk: Buffer): void => {
      for (const letter of chunk.toString('utf8')) {
        if (letter === '\r' || letter === '\n' || letter === '\u0004') return end(() => resolve(text))
        if (letter === '\u0003') return end(() => reject(new Error('Nothing was set.')))
        text = letter === '\u007f' ? [...text].slice(0, -1).join('') : text + letter
      }
    }
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.resume()
  })
}
