import { Popover } from '@mantine/core'
import { deleteRunView, listRunViews, type RunView, saveRunView } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Checkbox, TextField } from '../../ui/field.tsx'
import { IconX } from '../../ui/icons.ts'

/** What a view keeps of the page's state. */
export type ViewState = Pick<RunView, 'filter' | 'sort' | 'columns' | 'group'> & {
  readonly layout: Record<string, string>
}

interface RunViewsProps {
  readonly project: string
  readonly experiment: string
  /** What the page shows now. */
  readonly state: ViewState
  readonly onChoose: (view: ViewState) => void
}

/** Saved views of an experiment's runs, mine and those that are shared; choosing one writes it into the address. */
export function RunViews({ project, experiment, state, onChoose }: RunViewsProps) {
  const [opened, setOpened] = useState(false)
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const params = { project }
  const query = useContractQuery(listRunViews, { params, query: { experiment } })
  const changed = { invalidates: [listRunViews] }
  const save = useContractMutation(saveRunView, { ...changed, onDone: () => setName('') })
  const remove = useContractMutation(deleteRunView, changed)
  const views = query.data?.views ?? []
  const current = views.find((view) => isSame(view, state))
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" withinPortal trapFocus width={320}>
      <Popover.Target>
        <Button look="quiet" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          {current ? `View: ${current.name}` : 'Views'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="pop menu-list" aria-label="Saved views">
        {views.length === 0 && (
          <p className="t3 sm">No view is saved. A view keeps filter, sort, columns, grouping, charts and panels.</p>
        )}
        {views.map((view) => (
          <div key={view.id} className="row" style={{ gap: 8, minHeight: 28 }}>
            <Button
              look="link"
              onClick={() => {
                onChoose({ ...view, layout: view.layout ?? {} })
                setOpened(false)
              }}
            >
              {view.name}
            </Button>
            <span className="t3 sm push">
              {view.shared ? (view.mine ? 'shared' : `shared by ${view.ownerName}`) : 'only you'}
            </span>
            {view.mine && (
              <IconButton
                label={`Delete the view ${view.name}`}
                onClick={() => remove.mutate({ params: { project, view: view.id } })}
              >
                <IconX className="ic s" aria-hidden />
              </IconButton>
            )}
          </div>
        ))}
        <form
          style={{ display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: 8 }}
          className="mt-12"
          onSubmit={(event) => {
            event.preventDefault()
            save.mutate({
              params,
              body: {
                ...state,
                columns: [...state.columns],
                group: [...state.group],
                name: name.trim(),
                experiment,
                shared,
              },
            })
          }}
        >
          <TextField
            label="Save what is shown as"
            value={name}
            maxLength={100}
            error={save.error?.detail ?? remove.error?.detail}
            onChange={(event) => setName(event.target.value)}
          />
          <Checkbox
            label="Share with the project"
            checked={shared}
            onChange={(event) => setShared(event.target.checked)}
          />
          <Button type="submit" pending={save.isPending} disabled={name.trim() === ''}>
            Save view
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

const isSame = (view: RunView, state: ViewState): boolean =>
  view.filter === state.filter &&
  view.sort === state.sort &&
  view.columns.join() === state.columns.join() &&
  view.group.join() === state.group.join() &&
  JSON.stringify(view.layout ?? {}) === JSON.stringify(state.layout)
