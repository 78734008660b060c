import { expect, test } from 'vitest'
import { createLogger } from './index.ts'

test('fields that hold secrets are not written, alone or inside another', () => {
  let written = ''
  const logger = createLogger({ level: 'trace' }, { write: (line) => void (written += line) })
  const value = 'zebrafish'
  const headers = { authorization: `Bearer ${value}`, cookie: value }
  for (const name of ['token', 'password', 'secret', 'secrets', 'sealed', 'dataKey', 'vaultKey', 'env', 'body']) {
    logger.info({ [name]: value, step: 'fit' }, 'alone')
    logger.info({ task: { [name]: { KEY: value } } }, 'inside')
  }
  logger.error({ headers, req: { headers } }, 'request')
  expect(written).not.toContain(value)
  expect(written.match(/\[redacted\]/g)).toHaveLength(22)
  expect(written).toContain('"step":"fit"')
})
