import { createS3Place, createWorld, type S3Place, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../kernel/egress/index.ts'
import { describePlace } from '../../kernel/places/place.conformance.ts'
import { createBlobLocal } from '../../testing.ts'
import { createPlaceS3 } from './place-s3.ts'
import { createS3Client, type S3Client } from './s3-client.ts'

const egress = createEgress({ allow: '127.0.0.1' })
let world: World
let bucket: S3Place
let raw: S3Client
beforeAll(async () => {
  world = await createWorld({})
  bucket = await createS3Place()
  raw = createS3Client({
    endpoint: new URL(bucket.endpoint),
    bucket: bucket.bucket,
    pathStyle: true,
    credentials: bucket,
    name: bucket.url,
    timeoutMs: 5000,
    tries: 3,
    pauseMs: 20,
    partSize: 5 * 2 ** 20,
    copyLimit: 2 ** 30,
  })
})
afterAll(async () => {
  raw.close()
  await world.close()
})

const prefix = (): string => new URL(bucket.url).pathname.slice(1)
const settings = (project: string) => ({
  project,
  address: `${bucket.endpoint}/${bucket.bucket}/${prefix()}?region=${bucket.region}`,
  username: bucket.accessKeyId,
  secret: bucket.secretAccessKey,
})

describePlace('a bucket', {
  db: () => world.kernel.db,
  ownStore: (root, chunks) => createBlobLocal({ root, sync: false, chunks }),
  place: () => ({
    place: (project) => createPlaceS3(settings(project), egress),
    overwrite: async (_, { key }, bytes) => void (await raw.put(key, bytes)),
    residue: async (project) => {
      const keys: string[] = []
      for await (const { key } of raw.list(`${prefix()}/${project}/`)) if (!key.endsWith('/owner.json')) keys.push(key)
      return keys
    },
  }),
})

describe('S3: a bucket of a project', () => {
  test('a wrong key and a bucket that is not there are told apart, and no message shows the secret', async () => {
    const wrong = createPlaceS3({ ...settings('p'), secret: 'hunter2' }, egress)
    const error = (await wrong.owner().catch((reason: unknown) => reason)) as Error
    expect(error.message).toMatch(/403 .*access key/)
    expect(error.stack).not.toContain('hunter2')
    const missing = createPlaceS3({ ...settings('p'), address: `${bucket.endpoint}/no-such-bucket` }, egress)
    await expect(missing.owner()).rejects.toThrow(/bucket .*does not exist/)
    await wrong.close()
    await missing.close()
  })

  test('an internal address that nobody allowed is refused, as a number and as a name', async () => {
    const strict = createEgress({ allow: '' })
    await expect(createPlaceS3(settings('p'), strict).owner()).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    const named = createPlaceS3({ ...settings('p'), address: 'https://localhost:1/bucket' }, strict)
    await expect(named.owner()).rejects.toMatchObject({ code: 'EGRESS.DENIED' })
    // Where the name led elsewhere when it was checked, the connection is refused.
    const { port } = new URL(bucket.endpoint)
    const rebound = {
      ...strict,
      check: async () => {},
    }
    const leading = createPlaceS3({ ...settings('p'), address: `http://localhost:${port}/bucket` }, rebound)
    await expect(leading.owner()).rejects.toThrow(/internal address/)
  })
})
