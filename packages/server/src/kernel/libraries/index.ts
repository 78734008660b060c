import { createRequire } from 'node:module'
import type { Value } from 'typebox/value'
import type * as Yaml from 'yaml'

const require = createRequire(import.meta.url)

/** YAML, loaded by the first call: it holds four megabytes, and a server at rest reads none. */
export const yaml = (): typeof Yaml => require('yaml') as typeof Yaml

/** Checks values against schemas of the contract, loaded by the first call: it holds ten megabytes. Requests are checked by `lazyValidator` in `kernel/http`. */
export const values = (): typeof Value => (require('typebox/value') as { Value: typeof Value }).Value
