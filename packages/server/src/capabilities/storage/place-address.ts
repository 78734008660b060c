import type { PlaceKind } from '@trivium/contract'
import { storageErrors } from './errors.ts'

const protocols: Readonly<Record<PlaceKind, readonly string[]>> = {
  s3: ['https:', 'http:'],
  oci: ['https:', 'http:'],
  http: ['https:', 'http:'],
  postgres: ['postgresql:', 'postgres:'],
}
/** A part of a repository's name, by the specification of OCI Distribution. */
const repositoryPart = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/

/** The address in the one form in which it is kept. Throws STORAGE.BAD_PLACE for one that cannot be of that kind, or that holds what it should not. */
export function requirePlaceAddress(kind: PlaceKind, text: string, project: string): string {
  // What stands in it may be a password.
  const bad = (why: string): Error => storageErrors.BAD_PLACE(URL.canParse(text) ? new URL(text).host : 'This', why)
  if (!URL.canParse(text)) throw bad('it is no URL.')
  const url = new URL(text)
  if (!protocols[kind].includes(url.protocol))
    throw bad(`an address of kind ${kind} begins with ${protocols[kind].map((one) => `${one}//`).join(' or ')}.`)
  if (url.username !== '' || url.password !== '')
    throw bad('user and password do not stand in the address; give them beside it.')
  if (url.hostname === '') throw bad('it names no host.')
  if (url.hash !== '') throw bad('leave out what stands behind the #.')
  const path = url.pathname.replace(/\/+$/, '')
  if (kind === 'postgres') return postgresAddress(url, path, bad)
  if (kind === 's3') return bucketAddress(url, path, bad)
  if (url.search !== '') throw bad('leave out what stands behind the ?.')
  if (kind === 'oci')
    for (const part of [...path.split('/').slice(1), project])
      if (!repositoryPart.test(part)) throw bad(`"${part}" cannot be part of the name of a repository.`)
  return `${url.protocol}//${url.host}${path}`
}

function bucketAddress(url: URL, path: string, bad: (why: string) => Error): string {
  if (path === '') throw bad('it names no bucket: https://ENDPOINT/BUCKET/PREFIX.')
  const region = url.searchParams.get('region')
  if (
    [...url.searchParams.keys()].some((name) => name !== 'region') ||
    (region !== null && !/^[a-z0-9-]{1,60}$/.test(region))
  )
    throw bad('behind the ? stands region=NAME and nothing else.')
  return `${url.protocol}//${url.host}${path}${region === null ? '' : `?region=${region}`}`
}

function postgresAddress(url: URL, path: string, bad: (why: string) => Error): string {
  if (!/^\/[^/]+$/.test(path)) throw bad('it names no database.')
  const known = new URLSearchParams()
  for (const [name, value] of url.searchParams) {
    if (name === 'schema' && /^[a-z_][a-z0-9_]{0,62}$/.test(value)) known.set(name, value)
    else if (name === 'sslmode' && ['disable', 'verify-full'].includes(value)) {
      if (value === 'disable') known.set(name, value)
    } else
      throw bad(
        `${name}=${value} is not known; there are schema=NAME (lower-case letters, digits, underscores) and sslmode=disable or verify-full.`,
      )
  }
  const query = known.toString()
  return `postgresql://${url.host}${path}${query === '' ? '' : `?${query}`}`
}
