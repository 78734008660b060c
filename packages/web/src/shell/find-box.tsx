import { Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useRouter } from '@tanstack/react-router'
import { searchEntities } from '@trivium/contract'
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react'
import { useContractQuery } from '../data/contract-query.ts'
import { formatVersion, kindIcon, kindWord } from '../ui/entity-kinds.ts'
import { entityUrl, parseUrn } from '../ui/entity-url.ts'
import { IconArrowRight, IconSearch, IconTerminal2 } from '../ui/icons.ts'
import { navigation, settingsItem } from './navigation.ts'
import { useListedActions } from './page-actions.tsx'
import { builtItems } from './pages.ts'
import { dialogAttributes } from '../ui/dialog-attributes.ts'

interface FindBoxProps {
  readonly opened: boolean
  readonly onClose: () => void
  readonly project: string | undefined
}

/** One box over everything: things by name, then actions of the page, then pages. */
export function FindBox({ opened, onClose, project }: FindBoxProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      title="Find or jump to"
      size={560}
      yOffset="12vh"
      padding={0}
      transitionProps={{ duration: 140, transition: 'fade' }}
      attributes={dialogAttributes}
      classNames={{ content: 'dialog palette', overlay: 'dialog-overlay', header: 'sr-only' }}
    >
      <Find onClose={onClose} project={project} />
    </Modal>
  )
}

function Find({ onClose, project }: Omit<FindBoxProps, 'opened'>) {
  const router = useRouter()
  const listed = useListedActions()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const [query] = useDebouncedValue(text.trim(), 120)
  const search = useContractQuery(
    searchEntities,
    { query: { q: query, limit: 12, ...(project ? { project } : {}) } },
    { enabled: query !== '', keep: true },
  )
  const rows = useMemo<FindRow[]>(() => {
    const wanted = text.trim().toLowerCase()
    const matches = (label: string) => wanted === '' || label.toLowerCase().includes(wanted)
    const hits = query === '' || text.trim() === '' ? [] : (search.data?.hits ?? [])
    const things = hits.map((hit): FindRow => {
      const parsed = parseUrn(hit.urn)
      const entity = {
        kind: hit.kind,
        name: hit.name,
        id: parsed?.id,
        version: hit.version ?? undefined,
        project: hit.project,
      }
      const Icon = kindIcon(hit.kind)
      return {
        key: hit.urn,
        icon: <Icon className="ic s" aria-hidden />,
        label: hit.name,
        version: hit.version ? formatVersion(hit.kind, hit.version) : undefined,
        note: hit.project === project ? hit.fact : `${hit.fact}${hit.fact ? ', ' : ''}in ${hit.project}`,
        kind: kindWord(hit.kind),
        go: () => router.history.push(entityUrl(entity, hit.project)),
      }
    })
    const actions = listed()
      .filter((action) => matches(action.label))
      .map(
        (action): FindRow => ({
          key: `action ${action.label}`,
          icon: <IconTerminal2 className="ic s" aria-hidden />,
          label: action.label,
          note: action.what,
          kind: 'action',
          go: action.run,
        }),
      )
    const items = project
      ? [...navigation.flatMap((group) => group.items), settingsItem].filter(
          (item) => builtItems.has(item.id) && matches(item.label),
        )
      : []
    const places = items.slice(0, wanted === '' ? 20 : 4).map(
      (item): FindRow => ({
        key: `page ${item.id}`,
        icon: <IconArrowRight className="ic s" aria-hidden />,
        label: item.label,
        kind: 'page',
        go: () => router.history.push(`/p/${encodeURIComponent(project ?? '')}${item.path}`),
      }),
    )
    return [...things, ...actions, ...places]
  }, [text, query, search.data, listed, project, router])

  const choose = (row: FindRow | undefined) => {
    if (!row) return
    onClose()
    row.go()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(rows.length - 1, active + 1))
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1))
    else if (event.key === 'Enter') choose(rows[active])
    else return
    event.preventDefault()
    document.getElementById(`find-${active}`)?.scrollIntoView({ block: 'nearest' })
  }
  const searching = text.trim() !== '' && (query !== text.trim() || search.isFetching)
  return (
    <>
      <FindInput
        value={text}
        rows={rows}
        active={active}
        onKeyDown={onKeyDown}
        onChange={(value) => {
          setText(value)
          setActive(0)
        }}
      />
      <FindRows rows={rows} active={active} onActive={setActive} onChoose={choose} />
      {rows.length === 0 && (
        <p className="palette-none t3">
          {search.error
            ? search.error.detail
            : searching
              ? 'Searching.'
              : `Nothing is named like “${text.trim()}”. Prefixes narrow: m: model, r: run, e: experiment, d: dataset, s: deployment, # id.`}
        </p>
      )}
    </>
  )
}

/** A line of the find box. */
export interface FindRow {
  readonly key: string
  readonly icon: ReactNode
  readonly label: string
  readonly version?: string | undefined
  readonly note?: string | undefined
  readonly kind: string
  readonly go: () => void
}

interface FindInputProps {
  readonly value: string
  readonly rows: readonly FindRow[]
  readonly active: number
  readonly onChange: (value: string) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

/** The field of the find box. */
export function FindInput({ value, rows, active, onChange, onKeyDown }: FindInputProps) {
  return (
    <div className="palette-head">
      <IconSearch className="ic s" aria-hidden />
      <input
        data-autofocus
        role="combobox"
        aria-label="Find or jump to"
        aria-expanded={rows.length > 0}
        aria-controls="find-list"
        aria-activedescendant={rows.length > 0 ? `find-${active}` : undefined}
        placeholder="A name, an id, an action"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </div>
  )
}

interface FindRowsProps {
  readonly rows: readonly FindRow[]
  readonly active: number
  readonly onActive: (index: number) => void
  readonly onChoose: (row: FindRow) => void
}

/** The results of the find box. */
export function FindRows({ rows, active, onActive, onChoose }: FindRowsProps) {
  return (
    <ul id="find-list" className="palette-list" role="listbox" aria-label="Results">
      {rows.map((row, index) => (
        <li
          key={row.key}
          id={`find-${index}`}
          role="option"
          aria-selected={index === active}
          className="palette-row"
          onMouseMove={() => onActive(index)}
          onClick={() => onChoose(row)}
        >
          {row.icon}
          <span className="trunc">
            {row.label} {row.version && <span className="t3">{row.version}</span>}
          </span>
          {row.note && <span className="t3 sm trunc">{row.note}</span>}
          <span className="t3 sm push">{row.kind}</span>
        </li>
      ))}
    </ul>
  )
}
