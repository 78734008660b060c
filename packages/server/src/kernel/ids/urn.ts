/** The name of an entity everywhere: `trivium://project/kind/id@version`. Parts are percent-encoded where they hold `/`, `@` or `%`. */
export type Urn = string

export interface UrnParts {
  project: string
  kind: string
  id: string
  version?: string
}

const encodePart = (part: string): string => part.replaceAll('%', '%25').replaceAll('/', '%2F').replaceAll('@', '%40')

/** Builds a URN. */
export function urn(project: string, kind: string, id: string, version?: string | number): Urn {
  const base = `trivium://${encodePart(project)}/${kind}/${encodePart(id)}`
  return version === undefined ? base : `${base}@${encodePart(String(version))}`
}

/** Splits a URN, or returns undefined when the text is none. */
export function parseUrn(text: string): UrnParts | undefined {
  const match = /^trivium:\/\/([^/@]+)\/([a-z-]+)\/([^/@]+)(?:@([^/@]+))?$/.exec(text)
  if (!match) return undefined
  const [, project, kind, id, version] = match
  if (/%(?!25|2F|40)/.test(text)) return undefined
  const parts = { project: decodeURIComponent(project ?? ''), kind: kind ?? '', id: decodeURIComponent(id ?? '') }
  return version === undefined ? parts : { ...parts, version: decodeURIComponent(version) }
}
