import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** A secret as receivers are given it: `whsec_` and 32 random bytes in base64. */
export const newSecret = (): string => `${prefix}${randomBytes(32).toString('base64')}`

/**
 * The headers of one attempt after "Standard Webhooks" 1.0.0 (symmetric signature): HMAC-SHA256 of `id.timestamp.body`, keyed with the bytes of the
 * secret. A receiver refuses what is not signed and what is older than a few minutes.
 */
export function signedHeaders(secret: string, id: string, at: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const key = Buffer.from(secret.slice(prefix.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

/** The headers that MLflow's server sends: the same signature under other names, keyed with the secret's text. Without a secret nothing is signed. */
export function mlflowHeaders(secret: string, id: string, at: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'x-mlflow-delivery-id': id,
    'x-mlflow-timestamp': timestamp,
    ...(secret === '' ? {} : { 'x-mlflow-signature': `v1,${signature}` }),
  }
}
