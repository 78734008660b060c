import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ModelKey, modelKeyOf, parseModelKey } from './model-key.ts'
import { compareWithSigned, signModel, verifyModelSignature } from './model-signature.ts'

const keyOf = () => modelKeyOf(generateKeyPairSync('ed25519'))
const files = { MLmodel: { digest: 'a'.repeat(64) }, 'data/model.onnx': { digest: 'b'.repeat(64) } }

/** The bundle with its payload changed by a function, the signature left. */
const tamper = (bundle: string, change: (text: string) => string): string => {
  const content = JSON.parse(bundle) as { dsseEnvelope: { payload: string } }
  const payload = Buffer.from(content.dsseEnvelope.payload, 'base64').toString()
  content.dsseEnvelope.payload = Buffer.from(change(payload)).toString('base64')
  return JSON.stringify(content)
}

/** A bundle over a statement in any words, signed by the key. */
const signText = (key: ModelKey, text: string): string => {
  const type = 'application/vnd.in-toto+json'
  const bytes = Buffer.from(`DSSEv1 ${type.length} ${type} ${text.length} ${text}`)
  const content = JSON.parse(signModel(key, 'delay', files)) as Record<string, unknown>
  const signatures = [{ sig: sign('sha256', bytes, key.privateKey).toString('base64'), keyid: '' }]
  const dsseEnvelope = { payload: Buffer.from(text).toString('base64'), payloadType: type, signatures }
  return JSON.stringify({ ...content, dsseEnvelope })
}

test('a signed list of files is read back, and the same signing key gives the same key for models', () => {
  const pair = generateKeyPairSync('ed25519')
  const key = modelKeyOf(pair)
  expect(modelKeyOf(pair).pem).toBe(key.pem)
  expect(keyOf().keyId).not.toBe(key.keyId)
  const bundle = signModel(key, 'delay', files)
  expect(verifyModelSignature(bundle, [keyOf(), key])).toMatchObject({ name: 'delay', files, keyId: key.keyId })
})

test('one changed digest, another name or another key is found', () => {
  const key = keyOf()
  const bundle = signModel(key, 'delay', files)
  for (const change of [
    (text: string) => text.replace('b'.repeat(64), `${'b'.repeat(63)}c`),
    (text: string) => text.replace('model.onnx', 'model.pkl'),
    (text: string) => text.replace('"delay"', '"other"'),
  ])
    expect(() => verifyModelSignature(tamper(bundle, change), [key])).toThrow('does not belong')
  expect(() => verifyModelSignature(bundle, [keyOf()])).toThrow('not among those to trust')
  expect(() => verifyModelSignature(bundle.replace(key.keyId, ''), [keyOf()])).toThrow('does not belong')
  expect(() => verifyModelSignature('{}', [key])).toThrow('no sigstore bundle')
})

test('a statement whose list of files is not that of its digest is refused although it is signed', () => {
  const key = keyOf()
  const bundle = signModel(key, 'delay', files)
  // Signed by the same key, with a digest of the model that is about other files.
  const other = signModel(key, 'delay', { a: { digest: 'c'.repeat(64) } })
  const root = /"sha256":"([0-9a-f]{64})"/
  const payloadOf = (text: string) =>
    Buffer.from((JSON.parse(text) as { dsseEnvelope: { payload: string } }).dsseEnvelope.payload, 'base64').toString()
  const mixed = payloadOf(bundle).replace(root, `"sha256":"${root.exec(payloadOf(other))?.[1]}"`)
  expect(() => verifyModelSignature(signText(key, mixed), [key])).toThrow('is not the one that the signed digest')
})

test('what differs from what was signed is named file by file', () => {
  const found = { 'data/model.onnx': { digest: 'c'.repeat(64) }, 'evil.py': { digest: 'd'.repeat(64) } }
  expect(compareWithSigned(files, found).map(({ path, kind }) => [path, kind])).toEqual([
    ['MLmodel', 'missing'],
    ['data/model.onnx', 'changed'],
    ['evil.py', 'added'],
  ])
  expect(compareWithSigned(files, { ...files })).toEqual([])
})

test('a signature of the OpenSSF tool is checked with its key', () => {
  const { bundle, publicKey } = JSON.parse(
    readFileSync(new URL('fixtures/signed-by-openssf.json', import.meta.url), 'utf8'),
  ) as { bundle: string; publicKey: string }
  const { files: signed, name } = verifyModelSignature(bundle, [parseModelKey(publicKey)])
  expect([name, Object.keys(signed)]).toEqual(['h-model', ['MLmodel', 'data/model.onnx', 'data-x.txt']])
  expect(() =>
    verifyModelSignature(
      tamper(bundle, (text) => text.replace('MLmodel', 'MLmodes')),
      [parseModelKey(publicKey)],
    ),
  ).toThrow('does not belong')
})
