import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signRequest, signUrl } from './sign-request.ts'

// The examples of the S3 API reference («Signature Calculations for the Authorization Header», «… Using Query Parameters»).
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
}
const at = new Date('2013-05-24T00:00:00Z')
const host = 'examplebucket.s3.amazonaws.com'
const empty = createHash('sha256').digest('hex')
const signatureOf = (authorization: string | undefined) => /Signature=(.*)/.exec(authorization ?? '')?.[1]

describe('AWS Signature Version 4 gives the signatures that Amazon publishes', () => {
  test('GET of an object with a range', () => {
    const headers = signRequest(
      credentials,
      { method: 'GET', host, path: '/test.txt', query: {}, headers: { range: 'bytes=0-9' } },
      empty,
      at,
    )
    expect(headers['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    )
  })

  test('PUT of an object whose name has a sign in it', () => {
    const body = 'Welcome to Amazon S3.'
    const headers = signRequest(
      credentials,
      {
        method: 'PUT',
        host,
        path: '/test%24file.text',
        query: {},
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      },
      createHash('sha256').update(body).digest('hex'),
      at,
    )
    expect(signatureOf(headers['authorization'])).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    )
  })

  test.each([
    [{ lifecycle: '' }, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    [{ prefix: 'J', 'max-keys': '2' }, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('GET of the bucket with %j', (query, signature) => {
    const headers = signRequest(
      credentials,
      { method: 'GET', host, path: '/', query: query as Record<string, string>, headers: {} },
      empty,
      at,
    )
    expect(signatureOf(headers['authorization'])).toBe(signature)
  })

  test('a presigned URL', () => {
    const url = signUrl(
      credentials,
      { method: 'GET', host, path: '/test.txt', query: {}, headers: {} },
      { scheme: 'https:', seconds: 86_400, at },
    )
    expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    )
  })
})
