import { Popover } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import { type KeyboardEvent, useState } from 'react'
import { AppLink } from '../ui/app-link.tsx'
import { IconCheck, IconSearch, IconSelector } from '../ui/icons.ts'

/** A project that the reader may see. */
export interface ProjectChoice {
  readonly name: string
  /** Grey, at the right: its title. */
  readonly note?: string | undefined
}

const storageKey = 'trivium.projects'

/** The projects that were open last, newest first. */
export function recentProjects(): string[] {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '[]') as string[]
  } catch {
    return []
  }
}

/** Puts a project at the head of the list of recent ones. */
export function rememberProject(name: string): void {
  try {
    localStorage.setItem(
      storageKey,
      JSON.stringify([name, ...recentProjects().filter((one) => one !== name)].slice(0, 5)),
    )
  } catch {
    // storage is forbidden: the list stays alphabetic
  }
}

/** The sign of the product: three roads that meet. */
export function Sign({ size = 18 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 18 18" aria-hidden>
      <path
        d="M2 3.5h3.5L9 9v6.5M16 3.5h-3.5L9 9"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.2"
        strokeLinejoin="round"
      />
    </svg>
  )
}

interface ProjectSwitcherProps {
  readonly project: string
  readonly projects: readonly ProjectChoice[]
}

/** The project: type to filter, the last five first. */
export function ProjectSwitcher({ project, projects }: ProjectSwitcherProps) {
  const router = useRouter()
  const [opened, setOpened] = useState(false)
  const [filter, setFilter] = useState('')
  const [active, setActive] = useState(0)
  const recent = recentProjects()
  const rank = (name: string) => (recent.includes(name) ? recent.indexOf(name) : 100)
  const shown = projects
    .filter((one) => one.name.includes(filter.trim().toLowerCase()))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
    .slice(0, 8)
  const go = (name: string) => {
    setOpened(false)
    setFilter('')
    router.history.push(`/p/${encodeURIComponent(name)}`)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(shown.length - 1, active + 1))
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1))
    else if (event.key === 'Enter' && shown[active]) go(shown[active].name)
    else return
    event.preventDefault()
  }
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      offset={2}
      width={260}
      shadow="md"
      withinPortal
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <button
          type="button"
          className="proj"
          aria-haspopup="dialog"
          aria-expanded={opened}
          aria-label={`Project ${project}, change`}
          onClick={() => setOpened(!opened)}
        >
          <Sign />
          <span className="trunc">{project}</span>
          <IconSelector className="ic s push" aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown className="pop projects" aria-label="Projects">
        <div className="palette-head">
          <IconSearch className="ic s t3" aria-hidden />
          <input
            data-autofocus
            aria-label="Filter projects"
            placeholder="Project"
            value={filter}
            onChange={(event) => {
              setFilter(event.target.value)
              setActive(0)
            }}
            onKeyDown={onKeyDown}
          />
        </div>
        <ul role="listbox" aria-label="Projects">
          {shown.map((one, index) => (
            <li
              key={one.name}
              role="option"
              aria-selected={index === active}
              className="palette-row"
              onMouseEnter={() => setActive(index)}
              onClick={() => go(one.name)}
            >
              <span className="trunc">{one.name}</span>
              <span className="t3 sm push">{one.note}</span>
              {one.name === project && <IconCheck className="ic s" aria-label="open now" />}
            </li>
          ))}
          {shown.length === 0 && <li className="palette-none t3">No project matches.</li>}
        </ul>
        <div className="palette-foot">
          <AppLink href="/projects" className="link sm" onClick={() => setOpened(false)}>
            All projects
          </AppLink>
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
