import { getInboxItem, listInbox } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { InboxDetail } from './inbox-detail.tsx'
import { InboxList } from './inbox-list.tsx'

const shape = { view: oneOf(['mine', 'team', 'done'], 'mine'), item: text() }

/** Every human step of the project: the list at the left, evidence and decision at the right. */
export function Page() {
  const { project, item: fromPath } = usePageParams<'item'>()
  const [view, setView] = useSearchState(shape)
  const inbox = useContractQuery(listInbox, { params: { project }, query: { view: view.view } }, { keep: true })
  const chosen = view.item || fromPath || inbox.data?.items[0]?.id || ''
  const item = useContractQuery(
    getInboxItem,
    { params: { project, item: chosen } },
    { enabled: chosen !== '', keep: true },
  )
  return (
    <>
      <PageHeader
        title="Inbox"
        note={inbox.data && `${inbox.data.mine} ${inbox.data.mine === 1 ? 'waits' : 'wait'} for you`}
      />
      <Tabs
        label="Whose decisions"
        value={view.view}
        onChange={(id) => setView({ view: id as typeof view.view, item: '' }, { push: true })}
        tabs={[
          { id: 'mine', label: 'Yours', count: inbox.data?.mine },
          { id: 'team', label: 'Team', count: inbox.data?.team },
          { id: 'done', label: 'Done' },
        ]}
      />
      <QueryView query={inbox} what="the inbox" permission="inbox:read">
        {({ items }) =>
          items.length === 0 && !fromPath ? (
            <Empty title={view.view === 'done' ? 'Nothing was decided yet' : 'All done'}>
              {view.view === 'mine'
                ? 'Approvals, reviews and alerts that wait for you appear here.'
                : 'Decisions of this project appear here.'}
            </Empty>
          ) : (
            <div className="inbox-columns">
              <InboxList items={items} chosen={chosen} onChoose={(id) => setView({ item: id })} />
              <div className="inbox-detail">
                {chosen !== '' && (
                  <QueryView query={item} what="the decision" shape="text">
                    {(one) => <InboxDetail key={one.id} project={project} item={one} />}
                  </QueryView>
                )}
              </div>
            </div>
          )
        }
      </QueryView>
    </>
  )
}
