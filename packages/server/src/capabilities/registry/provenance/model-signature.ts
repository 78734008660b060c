import { createHash, sign, verify } from 'node:crypto'
import type { ModelKey, ModelPublicKey } from './model-key.ts'

/** Files of a model by name, each with its SHA-256. */
export type SignedFiles = Readonly<Record<string, { readonly digest: string }>>

/** What a valid signature says. */
export interface SignedManifest {
  readonly name: string
  /** SHA-256 over the digests of all files. */
  readonly root: string
  readonly files: SignedFiles
  readonly keyId: string
}

const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const payloadType = 'application/vnd.in-toto+json'
const statementType = 'https://in-toto.io/Statement/v1'
const predicateType = 'https://model_signing/signature/v1.0'
const hashes: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' }

/** Signs the names and digests of a model's files as OpenSSF Model Signing v1.0 says: a sigstore bundle, in JSON. */
export function signModel(key: ModelKey, name: string, files: SignedFiles): string {
  const resources = Object.entries(files)
    .map(([path, { digest }]) => ({ name: path, algorithm: 'sha256', digest }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const statement = {
    _type: statementType,
    subject: [{ name, digest: { sha256: rootOf(resources) } }],
    predicateType,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [] },
      resources,
    },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  return JSON.stringify({
    mediaType,
    verificationMaterial: { publicKey: { hint: key.keyId }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: [{ sig: sign('sha256', preAuthentication(payload), key.privateKey).toString('base64'), keyid: '' }],
    },
  })
}

/** What a bundle says, if one of the keys signed it; throws an Error with the reason where it does not hold. */
export function verifyModelSignature(bundle: string, keys: readonly ModelPublicKey[]): SignedManifest {
  const { hint, payload, signature } = readBundle(bundle)
  const named = hint === undefined ? keys : keys.filter(({ keyId }) => keyId === hint)
  if (named.length === 0)
    throw new Error(`It was made with the key ${hint?.slice(0, 16)}…, which is not among those to trust.`)
  const key = named.find(({ publicKey }) =>
    verify(hashes[publicKey.asymmetricKeyDetails?.namedCurve ?? ''], preAuthentication(payload), publicKey, signature),
  )
  if (!key) throw new Error('The signature does not belong to what it is said to sign.')
  return { ...readStatement(payload), keyId: key.keyId }
}

/** A file that is not what was signed. */
export interface SignedDifference {
  path: string
  kind: 'changed' | 'missing' | 'added'
  detail: string
}

/** Differences between what was signed and what is there, each with the name of the file; empty where there is none. */
export function compareWithSigned(signed: SignedFiles, found: SignedFiles): SignedDifference[] {
  const paths = [...new Set([...Object.keys(signed), ...Object.keys(found)])].toSorted()
  return paths.flatMap((path): SignedDifference[] => {
    const was = Object.hasOwn(signed, path) ? signed[path]?.digest : undefined
    const is = Object.hasOwn(found, path) ? found[path]?.digest : undefined
    if (was === is) return []
    if (is === undefined) return [{ path, kind: 'missing', detail: 'It was signed and is not there.' }]
    if (was === undefined) return [{ path, kind: 'added', detail: 'It is there and was not signed.' }]
    return [{ path, kind: 'changed', detail: `Its SHA-256 is ${is}, and ${was} was signed.` }]
  })
}

const rootOf = (resources: readonly { readonly digest: string }[]): string => {
  const hash = createHash('sha256')
  for (const { digest } of resources) hash.update(Buffer.from(digest, 'hex'))
  return hash.digest('hex')
}

/** The bytes that DSSE signs. */
const preAuthentication = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])

function readBundle(text: string): { hint: string | undefined; payload: Buffer; signature: Buffer } {
  const bundle = record(parse(text, 'The signature is no JSON.'))
  if (bundle['mediaType'] !== mediaType) throw new Error(`The signature is no sigstore bundle of type ${mediaType}.`)
  const hint = record(record(bundle['verificationMaterial'])['publicKey'])['hint']
  const envelope = record(bundle['dsseEnvelope'])
  const signatures = envelope['signatures']
  const [first] = Array.isArray(signatures) ? (signatures as unknown[]) : []
  const signature = record(first)['sig']
  if (
    envelope['payloadType'] !== payloadType ||
    typeof envelope['payload'] !== 'string' ||
    typeof signature !== 'string'
  )
    throw new Error('The signature holds no signed in-toto statement.')
  return {
    hint: typeof hint === 'string' && hint !== '' ? hint : undefined,
    payload: Buffer.from(envelope['payload'], 'base64'),
    signature: Buffer.from(signature, 'base64'),
  }
}

function readStatement(payload: Buffer): Omit<SignedManifest, 'keyId'> {
  const statement = record(parse(payload.toString('utf8'), 'The signed statement is no JSON.'))
  if (statement['_type'] !== statementType || statement['predicateType'] !== predicateType)
    throw new Error(`The signed statement is none of ${predicateType}.`)
  const subjects = statement['subject']
  const subject = record(Array.isArray(subjects) && subjects.length === 1 ? (subjects[0] as unknown) : undefined)
  const predicate = record(statement['predicate'])
  const { method, hash_type: hashType } = record(predicate['serialization'])
  if (method !== 'files' || hashType !== 'sha256')
    throw new Error('The signature is over pieces of files or another hash than SHA-256, which cannot be checked here.')
  const listed = Array.isArray(predicate['resources']) ? (predicate['resources'] as unknown[]).map(record) : []
  const resources = listed.map(({ name, digest, algorithm }) => {
    if (
      typeof name !== 'string' ||
      algorithm !== 'sha256' ||
      typeof digest !== 'string' ||
      !/^[0-9a-f]{64}$/.test(digest)
    )
      throw new Error('The signed list of files holds an entry without a name or SHA-256.')
    return { name, digest }
  })
  const root = rootOf(resources)
  if (record(subject['digest'])['sha256'] !== root)
    throw new Error('The signed list of files is not the one that the signed digest of the model is about.')
  const files = Object.fromEntries(resources.map(({ name, digest }) => [name, { digest }]))
  if (Object.keys(files).length !== resources.length) throw new Error('The signed list names a file twice.')
  return { name: String(subject['name'] ?? ''), root, files }
}

function parse(text: string, problem: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(problem)
  }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
