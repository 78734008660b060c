import { trackingErrors } from './errors.ts'
import type { ArtifactOwner } from './urns.ts'

const longest = 1000

/** A path inside a manifest, checked segment by segment: relative, no `.`, `..`, empty or odd parts. It never names a file of the server: content is found by digest. */
export function artifactPath(path: string): string {
  const segments = path.split('/')
  const bad = (s: string): boolean => s === '' || s === '.' || s === '..' || /[\p{Cc}\\]/u.test(s)
  if (path.length > longest || segments.some(bad)) throw trackingErrors.BAD_ARTIFACT_PATH(path.slice(0, 200))
  return path
}

/** Like `artifactPath`, for a directory: empty is the root, a trailing slash is dropped. */
export function artifactDirectory(path: string | undefined): string {
  const trimmed = (path ?? '').replace(/^\.?\/+|\/+$/g, '')
  return trimmed === '' || trimmed === '.' ? '' : artifactPath(trimmed)
}

/** Where the client reads and writes the files of a run or logged model: always through the proxy, never a path or bucket. */
export function artifactUri(experiment: string, owner: ArtifactOwner): string {
  return owner.kind === 'run'
    ? `mlflow-artifacts:/${experiment}/${owner.id}/artifacts`
    : `mlflow-artifacts:/${experiment}/models/${owner.id}/artifacts`
}

/** Splits the proxy's path `EXPERIMENT/RUN/artifacts/PATH` or `EXPERIMENT/models/MODEL/artifacts/PATH`. */
export function parseProxyPath(path: string): { experiment: string; owner: ArtifactOwner; path: string } {
  const segments = path.split('/').filter((s, i, all) => !(s === '' && (i === 0 || i === all.length - 1)))
  const [experiment = '', second = ''] = segments
  const model = second === 'models'
  const id = model ? (segments[2] ?? '') : second
  const rest = segments.slice(model ? 3 : 2)
  if (!/^[\w-]{1,64}$/.test(experiment) || !/^[\w-]{1,256}$/.test(id) || rest[0] !== 'artifacts')
    throw trackingErrors.BAD_ARTIFACT_PATH(path.slice(0, 200))
  return {
    experiment,
    owner: { kind: model ? 'logged-model' : 'run', id },
    path: artifactDirectory(rest.slice(1).join('/')),
  }
}

/** The owner and directory that an artifact URI of ours means, or undefined for any other text. */
export function parseArtifactUri(uri: string): { experiment: string; owner: ArtifactOwner; path: string } | undefined {
  const match = /^mlflow-artifacts:\/+(.*)$/.exec(uri)
  if (!match || /[?#]/.test(uri)) return undefined
  try {
    return parseProxyPath(decodeURI(match[1] ?? ''))
  } catch {
    return undefined
  }
}
