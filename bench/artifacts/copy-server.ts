import { createReadStream, createWriteStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

// The least that a server can do with a file: PUT writes the body to it, GET sends it. No digest, no sync, no permissions.
const path = process.argv[2] ?? ''
const server = createServer(async (request, response) => {
  if (request.method === 'PUT') {
    await pipeline(request, createWriteStream(path))
    response.end()
  } else await pipeline(createReadStream(path), response)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
