import { HoverCard } from '@mantine/core'
import type { ReactNode } from 'react'
import { Alias } from './alias.tsx'
import { AppLink } from './app-link.tsx'
import { type EntityKey, formatVersion, kindIcon, kindWord } from './entity-kinds.ts'
import { entityUrl } from './entity-url.ts'
import { shortName } from './short-name.ts'
import { useUiEnvironment } from './environment.tsx'
import { StateGlyph, type StateKind } from './state.tsx'

interface EntityLinkProps extends EntityKey {
  readonly alias?: string | undefined
  readonly state?: StateKind | undefined
  /** `chip` has a border; `bare` is for tables and sentences; `name` leaves the icon out too. */
  readonly look?: 'chip' | 'bare' | 'name'
  /** Weight 500: the name that a row is about. */
  readonly strong?: boolean
  /** `trash`: struck through, with the day on which it goes. */
  readonly trashedUntil?: string | undefined
  /** Where the link leads, where that is not the entity's own page (a tab, a diff). */
  readonly href?: string | undefined
  /** Other text than the name and version. */
  readonly children?: ReactNode
}

/** The only way to print the name of an entity: icon, name, version, alias, state, and a link. */
export function EntityLink({
  look = 'chip',
  alias,
  state,
  strong,
  trashedUntil,
  href,
  children,
  ...entity
}: EntityLinkProps) {
  const { project, renderPeek } = useUiEnvironment()
  const Icon = kindIcon(entity.kind)
  const link = (
    <AppLink
      href={href ?? entityUrl(entity, project ?? 'default')}
      className={look === 'chip' ? 'ch' : 'ch ch-bare'}
      title={renderPeek ? undefined : `${kindWord(entity.kind)} ${entity.name}`}
      data-strong={strong || undefined}
      data-trashed={trashedUntil ? true : undefined}
    >
      {look !== 'name' && <Icon className="ic s" aria-label={kindWord(entity.kind)} />}
      <span className="trunc ch-name">{children ?? shortName(entity.name)}</span>
      {children === undefined && entity.version !== undefined && (
        <span className="ch-version">{formatVersion(entity.kind, entity.version)}</span>
      )}
      {alias && <Alias name={alias} />}
      {state && <StateGlyph kind={state} />}
      {trashedUntil && <span className="ch-version">in trash until {trashedUntil}</span>}
    </AppLink>
  )
  if (!renderPeek) return link
  return (
    <HoverCard
      openDelay={300}
      closeDelay={80}
      width={320}
      position="bottom-start"
      withinPortal
      shadow="md"
      keepMounted={false}
    >
      <HoverCard.Target>{link}</HoverCard.Target>
      <HoverCard.Dropdown className="pop peek-card">{renderPeek(entity)}</HoverCard.Dropdown>
    </HoverCard>
  )
}

/** An entity that the reader may not see. */
export function HiddenEntity({ kind }: { readonly kind: string }) {
  const Icon = kindIcon(kind)
  const word = kindWord(kind)
  return (
    <span className="ch ch-hidden">
      <Icon className="ic s" aria-hidden />
      <span>{`${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word} you cannot see`}</span>
    </span>
  )
}
