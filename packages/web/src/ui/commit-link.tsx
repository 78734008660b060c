import { gitRepository, withoutPassword } from '@trivium/contract'
import { Hash } from './hash.tsx'

interface CommitProps {
  readonly commit: string
  readonly repository: string | null | undefined
  /** Says nothing of a host that is not known: where the address stands beside it, or there is no room. */
  readonly bare?: boolean
}

/** A commit, and where its Git host shows it. */
export function CommitLink(props: CommitProps) {
  return (
    <span>
      <Hash value={props.commit} form="commit" /> <CommitAtHost {...props} />
    </span>
  )
}

/** Where its Git host shows a commit; of a host that is not known the address as text. */
export function CommitAtHost({ commit, repository, bare = false }: CommitProps) {
  if (!repository) return null
  const place = gitRepository(repository)
  const href = place?.commit(commit)
  if (place && href)
    return (
      <HostLink href={href} title={`${place.name} at ${place.host}`}>
        {place.host}
      </HostLink>
    )
  return bare ? null : <span className="t3 sm mono">{withoutPassword(repository)}</span>
}

/** A file as it was in a commit, at its Git host; nothing where the host is not known. */
export function FileAtHost({
  commit,
  repository,
  path,
}: {
  readonly commit: string | null
  readonly repository: string | null
  readonly path: string
}) {
  const place = repository ? gitRepository(repository) : undefined
  const href = commit === null ? undefined : place?.file(commit, path)
  return (
    place &&
    href && (
      <HostLink href={href} title={href}>
        {path} at {place.host}
      </HostLink>
    )
  )
}

/** The address of a repository, and a link to it where its host is known. */
export function RepositoryLink({ address }: { readonly address: string }) {
  const place = gitRepository(address)
  return place ? (
    <HostLink href={place.href} title={place.href}>
      {place.name}
    </HostLink>
  ) : (
    <span className="t2">{withoutPassword(address)}</span>
  )
}

function HostLink({ href, title, children }: { href: string; title: string; children: React.ReactNode }) {
  return (
    <a className="link sm" href={href} title={title} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  )
}
