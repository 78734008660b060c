/** A kind of Git host, and where it shows commits and files. */
interface GitHost {
  readonly label: string
  /** How many parts the path of a repository has, at least and at most. */
  readonly parts: readonly [number, number]
  readonly commit: (commit: string) => string
  readonly file: (commit: string, path: string) => string
}

const github: GitHost = {
  label: 'GitHub',
  parts: [2, 2],
  commit: (commit) => `/commit/${commit}`,
  file: (commit, path) => `/blob/${commit}/${path}`,
}
const gitlab: GitHost = {
  label: 'GitLab',
  parts: [2, 22],
  commit: (commit) => `/-/commit/${commit}`,
  file: (commit, path) => `/-/blob/${commit}/${path}`,
}
const bitbucket: GitHost = {
  label: 'Bitbucket',
  parts: [2, 2],
  commit: (commit) => `/commits/${commit}`,
  file: (commit, path) => `/src/${commit}/${path}`,
}
const gitea: GitHost = {
  label: 'Gitea',
  parts: [2, 2],
  commit: (commit) => `/commit/${commit}`,
  file: (commit, path) => `/src/commit/${commit}/${path}`,
}
const azure: GitHost = {
  label: 'Azure DevOps',
  parts: [4, 4],
  commit: (commit) => `/commit/${commit}`,
  file: (commit, path) => `?path=/${path}&version=GC${commit}`,
}

/** Where a repository is at its Git host, for people. */
export interface GitRepository {
  /** What the host is called: `GitHub`; a server of one's own by its name, `gitlab.example.org`. */
  readonly host: string
  /** As people say it: `owner/name`. */
  readonly name: string
  readonly href: string
  /** The page of a commit; undefined where this is no name of a commit. */
  commit(commit: string): string | undefined
  /** The page of a file in a commit; undefined where one of the two cannot be. */
  file(commit: string, path: string): string | undefined
}

/**
 * Reads the address of a remote (https, ssh, or `git@host:owner/name.git`) and says where its host shows it; undefined where the host is none that is known. Known are github.com, gitlab.com,
 * bitbucket.org, codeberg.org, Azure DevOps, and servers of one's own whose name begins so: `github.`, `gitlab.`, `gitea.`, `forgejo.`. Every link is http or https, without name and password.
 */
export function gitRepository(remote: string): GitRepository | undefined {
  const place = placeOf(remote)
  const found = place && hostOf(place)
  if (!found) return undefined
  const { host, origin, parts } = found
  if (parts.length < host.parts[0] || parts.length > host.parts[1]) return undefined
  const href = `${origin}/${parts.map(encodeURIComponent).join('/')}`
  const commit = (name: string): string | undefined => (/^[0-9a-f]{7,64}$/.test(name) ? name : undefined)
  return {
    host: host.label,
    name: parts.filter((part) => part !== '_git').join('/'),
    href,
    commit: (name) => (commit(name) === undefined ? undefined : href + host.commit(name)),
    file: (name, path) => {
      const names = namesIn(path)
      if (commit(name) === undefined || !names) return undefined
      return href + host.file(name, names.map(encodeURIComponent).join('/'))
    },
  }
}

/** Tags in which runs say what code they came from, as MLflow's client names them. */
export const gitTags = { commit: 'mlflow.source.git.commit', repository: 'mlflow.source.git.repoURL' } as const

/** An address of a repository without the name and password that may stand in it, to be shown. */
export const withoutPassword = (remote: string): string => remote.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1')

interface Place {
  readonly name: string
  /** Where pages are: the remote's own place if it is http or https, else https without the port of ssh. */
  readonly origin: string
  readonly parts: readonly string[]
}

/** Host and path of a remote, or undefined where it could be read in two ways. */
function placeOf(remote: string): Place | undefined {
  if (remote.length > 2000) return undefined
  const url = /^(https?|ssh|git\+ssh|git):\/\/(?:[^/@]*@)?([a-z0-9][a-z0-9.-]*)(:\d{1,5})?\/([^?#]+)$/i.exec(remote)
  const short = url ? null : /^(?:[^/@:]+@)?([a-z0-9][a-z0-9.-]*):(?!\/)([^?#]+)$/i.exec(remote)
  const name = (url?.[2] ?? short?.[1] ?? '').toLowerCase()
  const path = url?.[4] ?? short?.[2] ?? ''
  const parts = namesIn(path.replace(/\/$/, '').replace(/\.git$/, ''), decodeURIComponent)
  if (name === '' || !parts) return undefined
  const scheme = url?.[1]?.toLowerCase() ?? ''
  const web = scheme.startsWith('http')
  return { name, origin: web ? `${scheme}://${name}${url?.[3] ?? ''}` : `https://${name}`, parts }
}

/** The parts of a path, or undefined where one of them would lead elsewhere. */
function namesIn(path: string, read: (part: string) => string = (part) => part): string[] | undefined {
  try {
    const parts = path.split('/').map(read)
    for (const part of parts) {
      // oxlint-disable-next-line no-control-regex -- browsers leave control characters out of an address
      if (part === '' || part === '.' || part === '..' || /[\u0000-\u001f\u007f/\\]/.test(part)) return undefined
      encodeURIComponent(part)
    }
    return parts
  } catch {
    // Half a character, or a broken escape.
    return undefined
  }
}

/** Which host a place is, with its path as pages have it. */
function hostOf({
  name,
  origin,
  parts,
}: Place): { host: GitHost; origin: string; parts: readonly string[] } | undefined {
  const public_ = publicHosts[name]
  if (public_) return { ...public_, parts }
  if (azureHosts.test(name)) return azureOf(name, parts)
  // A name that goes on after a public one is there to deceive.
  if (Object.keys(publicHosts).some((known) => name.startsWith(`${known}.`))) return undefined
  const own = ownHosts[name.split('.')[0] ?? '']
  return own && name.includes('.') ? { host: { ...own, label: name }, origin, parts } : undefined
}

const publicHosts: Readonly<Record<string, { host: GitHost; origin: string }>> = {
  'github.com': { host: github, origin: 'https://github.com' },
  'ssh.github.com': { host: github, origin: 'https://github.com' },
  'gitlab.com': { host: gitlab, origin: 'https://gitlab.com' },
  'altssh.gitlab.com': { host: gitlab, origin: 'https://gitlab.com' },
  'bitbucket.org': { host: bitbucket, origin: 'https://bitbucket.org' },
  'altssh.bitbucket.org': { host: bitbucket, origin: 'https://bitbucket.org' },
  'codeberg.org': { host: { ...gitea, label: 'Codeberg' }, origin: 'https://codeberg.org' },
}

const ownHosts: Readonly<Record<string, GitHost>> = { github, gitlab, gitea, forgejo: gitea }

const azureHosts = /^(dev\.azure\.com|ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com|[a-z0-9-]+\.visualstudio\.com)$/

/** Azure DevOps has four forms: https and ssh, each at its new and its old name. A project's first repository has its name, and may leave the project out. */
function azureOf(name: string, parts: readonly string[]): ReturnType<typeof hostOf> {
  const old = /^(?!vs-ssh)([a-z0-9-]+)\.visualstudio\.com$/.exec(name)?.[1]
  const ssh = parts[0] === 'v3' && /ssh/.test(name)
  const [organisation, ...rest] = ssh
    ? parts.slice(1)
    : old === undefined
      ? parts
      : [old, ...(parts[0] === 'DefaultCollection' ? parts.slice(1) : parts)]
  const inner = rest.filter((part) => part !== '_git')
  const [project, repository = project] = inner
  if (organisation === undefined || project === undefined || repository === undefined || inner.length > 2)
    return undefined
  if (!ssh && !rest.includes('_git')) return undefined
  return { host: azure, origin: 'https://dev.azure.com', parts: [organisation, project, '_git', repository] }
}
