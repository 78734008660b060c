import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { signRequest } from '@trivium/server/testing'
import { s3BrokerVariable, type S3Server, startS3 } from './start-s3.ts'

/** A place of its own on the real S3 server of this test run. */
export interface S3Place extends S3Server {
  /** s3://bucket/prefix, where nothing is yet. */
  readonly url: string
  /** The settings of a Trivium server that keeps its content there. */
  readonly configuration: Readonly<Record<string, string>>
}

let server: Promise<S3Server> | undefined

/** Gives an empty place on the real S3 server of this test run, which is installed and started by the first call. */
export async function createS3Place(): Promise<S3Place> {
  server ??= findServer()
  const found = await server
  const url = `s3://${found.bucket}/test-${randomBytes(8).toString('hex')}`
  return {
    ...found,
    url,
    configuration: {
      storageUrl: url,
      storageEndpoint: found.endpoint,
      storageRegion: found.region,
      storageAccessKeyId: found.accessKeyId,
      storageSecretAccessKey: found.secretAccessKey,
    },
  }
}

async function findServer(): Promise<S3Server> {
  const broker = process.env[s3BrokerVariable]
  const found = broker ? await askBroker(broker) : await startS3()
  const deadline = Date.now() + 30_000
  for (const path of [`/${found.bucket}`, `/${found.bucket}/ready`]) {
    for (;;) {
      const status = await putEmpty(found, path)
      if (status === 200 || status === 409) break
      if (Date.now() > deadline) throw new Error(`The S3 server still answers ${status} when ${path} is made.`)
      await sleep(25)
    }
  }
  return found
}

async function askBroker(broker: string): Promise<S3Server> {
  const answer = await fetch(broker)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return JSON.parse(text) as S3Server
}

async function putEmpty({ endpoint, ...credentials }: S3Server, path: string): Promise<number> {
  const hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const call = { method: 'PUT', host: new URL(endpoint).host, path, query: {}, headers: {} }
  const { host: _, ...headers } = signRequest(credentials, call, hash, new Date())
  const answer = await fetch(`${endpoint}${path}`, { method: 'PUT', headers })
  await answer.text()
  return answer.status
}
