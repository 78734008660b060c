import { AppLink } from '../ui/app-link.tsx'
import { formatCount } from '../ui/format-number.ts'
import { IconSearch, IconUser } from '../ui/icons.ts'
import { StateGlyph, type StateKind } from '../ui/state.tsx'
import { type NavGroup, navigation, settingsItem } from './navigation.ts'
import type { NavId } from './page-spec.ts'
import { ProjectSwitcher, type ProjectChoice } from './project-switcher.tsx'

/** What is running or wrong, at most one glyph and one count an item. */
export interface NavMark {
  readonly state?: StateKind | undefined
  readonly count?: number | undefined
  /** For screen readers: `3 wait for you`. */
  readonly label: string
}

export interface SidebarProps {
  readonly project: string
  readonly projects: readonly ProjectChoice[]
  /** Lit item. */
  readonly current: NavId | undefined
  readonly built: ReadonlySet<NavId>
  readonly marks: Partial<Record<NavId, NavMark>>
  readonly person: string | undefined
  readonly onFind: () => void
  /** Closes the drawer on a phone. */
  readonly onGo?: () => void
}

/** Project, search, the nouns of the loop, settings and the person. */
export function Sidebar({ project, projects, current, built, marks, person, onFind, onGo }: SidebarProps) {
  const base = `/p/${encodeURIComponent(project)}`
  const groups = navigation
    .map((group) => ({ ...group, items: group.items.filter((item) => built.has(item.id)) }))
    .filter((group) => group.items.length > 0)
  const settings: NavGroup = { items: built.has('settings') ? [settingsItem] : [] }
  return (
    <nav className="nav" aria-label="Project">
      <ProjectSwitcher project={project} projects={projects} />
      <button type="button" className="find" onClick={onFind}>
        <IconSearch className="ic s" aria-hidden />
        <span>Find or jump to</span>
        <kbd className="push">Ctrl K</kbd>
      </button>
      <div className="nav-scroll">
        {groups.map((group) => (
          <Items key={group.label ?? 'first'} group={group} base={base} current={current} marks={marks} onGo={onGo} />
        ))}
      </div>
      <div className="nav-foot">
        <Items group={settings} base={base} current={current} marks={marks} onGo={onGo} />
        {person && (
          <AppLink href={`${base}/settings?tab=sessions`} className="nav-item" onClick={onGo}>
            <IconUser className="ic" aria-hidden />
            <span className="trunc">{person}</span>
          </AppLink>
        )}
      </div>
    </nav>
  )
}

interface ItemsProps {
  readonly group: NavGroup
  readonly base: string
  readonly current: NavId | undefined
  readonly marks: Partial<Record<NavId, NavMark>>
  readonly onGo: (() => void) | undefined
}

function Items({ group, base, current, marks, onGo }: ItemsProps) {
  return (
    <>
      {group.label && <div className="nav-group">{group.label}</div>}
      {group.items.map((item) => {
        const mark = marks[item.id]
        return (
          <AppLink
            key={item.id}
            href={`${base}${item.path}`}
            className="nav-item"
            aria-current={item.id === current ? 'page' : undefined}
            onClick={onGo}
          >
            <item.icon className="ic" aria-hidden />
            <span>{item.label}</span>
            {mark && (
              <span className="nav-mark" title={mark.label}>
                {mark.state && <StateGlyph kind={mark.state} label={false} />}
                {mark.count !== undefined && mark.count > 0 && <span aria-hidden>{formatCount(mark.count)}</span>}
                <span className="sr-only">{mark.label}</span>
              </span>
            )}
          </AppLink>
        )
      })}
    </>
  )
}
