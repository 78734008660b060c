import { sign, verify } from 'node:crypto'
import { Type } from 'typebox'
import { values } from '../libraries/index.ts'
import { canonicalJson } from '../ids/index.ts'
import { keyIdOf, type PublicKey, type SigningKey } from './signing-key.ts'

/** A statement about a project's chain: batch `batch` has the digest `digest`, ends with event `seq`, and `events` were sealed up to it. */
export interface Checkpoint {
  readonly format: 'trivium-checkpoint/1'
  readonly project: string
  readonly batch: number
  readonly digest: string
  readonly seq: number
  readonly events: number
  readonly at: number
  readonly keyId: string
}

const SignedCheckpoint = Type.Object(
  {
    checkpoint: Type.Object(
      {
        format: Type.Literal('trivium-checkpoint/1'),
        project: Type.String(),
        batch: Type.Integer({ minimum: 1 }),
        digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        seq: Type.Integer({ minimum: 1 }),
        events: Type.Integer({ minimum: 1 }),
        at: Type.Integer(),
        keyId: Type.String(),
      },
      { additionalProperties: false },
    ),
    signature: Type.String(),
  },
  { additionalProperties: false },
)

/** The file of a checkpoint: canonical JSON of the statement and of the Ed25519 signature over the statement's canonical JSON. */
export function signCheckpoint(key: SigningKey, statement: Omit<Checkpoint, 'format' | 'keyId'>): string {
  const checkpoint: Checkpoint = { format: 'trivium-checkpoint/1', ...statement, keyId: key.keyId }
  const signature = sign(null, Buffer.from(canonicalJson(checkpoint)), key.privateKey).toString('base64')
  return `${canonicalJson({ checkpoint, signature })}\n`
}

/** Reads a checkpoint's file, or says in a sentence why nobody should believe it. */
export function readCheckpoint(
  text: string,
  keys: readonly PublicKey[],
  project: string,
): { checkpoint: Checkpoint } | { problem: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { problem: 'it is no JSON' }
  }
  if (!values().Check(SignedCheckpoint, parsed)) return { problem: 'it has not the form of a checkpoint' }
  const { checkpoint, signature } = parsed
  const key = keys.find(({ keyId, publicKey }) => keyId === checkpoint.keyId && keyIdOf(publicKey) === keyId)
  if (!key) return { problem: `it is signed with the key ${checkpoint.keyId}, which this instance does not know` }
  if (!verify(null, Buffer.from(canonicalJson(checkpoint)), key.publicKey, Buffer.from(signature, 'base64')))
    return { problem: 'its signature is wrong' }
  if (checkpoint.project !== project) return { problem: `it is about project ${checkpoint.project}` }
  return { checkpoint }
}
