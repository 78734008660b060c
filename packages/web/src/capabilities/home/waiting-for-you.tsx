import type { UseQueryResult } from '@tanstack/react-query'
import type { listInbox, ResultOf } from '@trivium/contract'
import type { ApiError } from '@trivium/sdk'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl, parseUrn } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

interface WaitingForYouProps {
  readonly project: string
  readonly inbox: UseQueryResult<ResultOf<typeof listInbox>, ApiError>
}

const verbs: Record<string, string> = {
  approval: 'Review',
  acknowledgement: 'Look',
  triage: 'Triage',
  review: 'Review',
}

/** Human steps that wait for the reader. */
export function WaitingForYou({ project, inbox }: WaitingForYouProps) {
  return (
    <QueryView query={inbox} what="the inbox" permission="inbox:read" rows={2}>
      {({ items, mine }) =>
        items.length === 0 ? (
          <p className="t2 mt-4">All done; nothing waits for you.</p>
        ) : (
          <DataTable
            label="Waiting for you"
            headless
            rows={items}
            rowKey={(item) => item.id}
            keys={false}
            columns={[
              {
                id: 'title',
                head: 'What',
                cell: (item) => (
                  <span className="row">
                    <StateGlyph kind={item.kind === 'acknowledgement' ? 'warn' : 'person'} label={item.kind} />
                    <EntityLink kind="inbox" name={item.title} id={item.id} look="name" strong />
                  </span>
                ),
              },
              {
                id: 'subject',
                head: 'About',
                cell: (item) => {
                  const about = parseUrn(item.subject)
                  return about && about.kind !== 'alert' ? (
                    <EntityLink kind={about.kind} name={about.name} id={about.id} version={about.version} look="bare" />
                  ) : (
                    <span className="t2">{item.kind}</span>
                  )
                },
              },
              {
                id: 'since',
                head: 'Since',
                align: 'right',
                cell: (item) => (
                  <span className="t2">
                    {item.dueAt === null ? (
                      <>
                        open <Time at={item.openedAt} show="age" />
                      </>
                    ) : (
                      <>
                        due <Time at={item.dueAt} />
                      </>
                    )}
                  </span>
                ),
              },
              {
                id: 'do',
                head: '',
                align: 'right',
                width: '84px',
                cell: (item) => (
                  <Button size="small" href={entityUrl({ kind: 'inbox', name: item.title, id: item.id }, project)}>
                    {verbs[item.kind] ?? 'Decide'}
                  </Button>
                ),
              },
            ]}
            foot={
              mine > items.length &&
              `${formatPlural(mine - items.length, 'more')} in the inbox`.replace('mores', 'more')
            }
          />
        )
      }
    </QueryView>
  )
}
