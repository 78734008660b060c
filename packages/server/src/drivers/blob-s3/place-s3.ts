import { randomBytes } from 'node:crypto'
import type { Egress } from '../../kernel/egress/index.ts'
import { type ContentPlace, PlaceFailure } from '../../kernel/ports/index.ts'
import { createS3Client } from './s3-client.ts'

/**
 * Content of one project in a bucket of its own choice: `PREFIX/PROJECT/ab/abcdef…`. The address is `https://ENDPOINT/BUCKET/PREFIX?region=NAME`, the user the id of
 * an access key.
 */
export function createPlaceS3(
  {
    project,
    address,
    username,
    secret,
  }: { project: string; address: string; username: string | null; secret: string | null },
  egress: Egress,
): ContentPlace {
  const url = new URL(address)
  const [bucket = '', ...prefix] = url.pathname.split('/').filter((part) => part !== '')
  const at = (name: string): string => [...prefix, project, name].join('/')
  const client = createS3Client({
    endpoint: new URL(url.origin),
    bucket,
    pathStyle: true,
    credentials: {
      accessKeyId: username ?? '',
      secretAccessKey: secret ?? '',
      region: url.searchParams.get('region') ?? 'us-east-1',
    },
    name: `${url.origin}${url.pathname}`,
    timeoutMs: 15_000,
    tries: 3,
    pauseMs: 150,
    partSize: 16 * 1024 * 1024,
    copyLimit: 5 * 2 ** 30,
    lookup: egress.lookup('content-places', url),
  })
  /** An address is checked where it is connected to; one that is no name is checked here. */
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    await egress.check('content-places', url.origin)
    try {
      return await work()
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string }
      throw code.startsWith('BLOB.') ? new PlaceFailure(message) : error
    }
  }

  return {
    owner: () =>
      ask(async () => {
        const text = await client.getText(at('owner.json'))
        if (text === undefined) {
          // Some stores make a bucket that is written to; Trivium makes none.
          for await (const _ of client.list(at(''))) break
          return undefined
        }
        try {
          return String((JSON.parse(text) as { instance?: unknown }).instance)
        } catch {
          throw new PlaceFailure(`${at('owner.json')} cannot be read; it is not from Trivium.`)
        }
      }),
    claim: (instance) =>
      ask(async () => {
        await client.put(at('owner.json'), Buffer.from(`${JSON.stringify({ instance })}\n`), { onlyNew: true })
      }),
    put: ({ digest, size, path }, { fresh }) =>
      ask(async () => {
        const key = at(`${digest.slice(0, 2)}/${digest}${fresh ? `.${randomBytes(6).toString('hex')}` : ''}`)
        await client.putFile(key, { path, size, sha256: digest }, { onlyNew: false })
        return key
      }),
    get: ({ key }, range) => ask(async () => (range ? client.getRange(key, range) : (await client.get(key))?.stream)),
    delete: ({ key }) => ask(() => client.remove(key)),
    close: async () => client.close(),
  }
}
