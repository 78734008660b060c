import { listModels, type RegisteredModel } from '@trivium/contract'
import { useContractPages } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Alias } from '../../ui/alias.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, NoMatch } from '../../ui/page-states.tsx'
import { QueryBar } from '../../ui/query-bar.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { StrategySection } from './strategy-section.tsx'
import { versionState } from './version-state.ts'

const shape = { sort: text(), filter: text() }
const fields = [{ name: 'name' }, { name: 'tags.' }, { name: 'creation_timestamp' }]

/** Registered models with their aliases and newest version. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const pages = useContractPages(listModels, {
    params: { project },
    query: { limit: 100, ...(view.filter === '' ? {} : { filter: view.filter }) },
  })
  const models = { ...pages, data: pages.data?.pages.flatMap((page) => page.models) }
  const whole = models.data && !pages.hasNextPage
  return (
    <>
      <PageHeader
        title="Models"
        note={models.data && whole && formatPlural(models.data.length, 'model')}
        actions={<Button href={`/p/${encodeURIComponent(project)}/release-cycles`}>Release cycles</Button>}
      />
      {(view.filter !== '' || (models.data && models.data.length > 0)) && (
        <QueryBar
          value={view.filter}
          onChange={(filter) => setView({ filter })}
          fields={fields}
          placeholder="name like 'arrival%' and tags.team = 'ops'"
          error={models.error && models.error.status === 400 ? models.error.detail : undefined}
          matched={whole ? models.data?.length : undefined}
        />
      )}
      <QueryView query={models} what="the models" permission="model:read">
        {(data) =>
          data.length === 0 && view.filter !== '' ? (
            <NoMatch what="models" filter={view.filter} onClear={() => setView({ filter: '' })} />
          ) : data.length === 0 ? (
            <Empty
              title="No model yet"
              steps={[
                { title: 'Point MLflow at this server', command: 'eval "$(trivium env)"' },
                {
                  title: 'Register a model from your code',
                  command: 'mlflow.sklearn.log_model(model, name="model", registered_model_name="arrival-delay")',
                  waiting: true,
                },
              ]}
            >
              Versions of your models appear here with their evidence, approvals and where they run.
            </Empty>
          ) : (
            <DataTable
              label="Models"
              rows={data}
              onEnd={pages.hasNextPage && !pages.isFetchingNextPage ? () => void pages.fetchNextPage() : undefined}
              rowKey={(model) => model.name}
              rowHref={(model) => entityUrl({ kind: 'model', name: model.name }, project)}
              // Of a part of the list a sorting would say what is not so.
              {...(whole ? { sort: view.sort, onSortChange: (sort: string) => setView({ sort }) } : {})}
              columns={[
                {
                  id: 'name',
                  head: 'Model',
                  sticky: true,
                  sortBy: (model: RegisteredModel) => model.name,
                  cell: (model) => <EntityLink kind="model" name={model.name} look="name" strong />,
                },
                {
                  id: 'aliases',
                  head: 'Aliases',
                  cell: (model) => (
                    <span className="row">
                      {model.aliases.map((alias) => (
                        <span key={alias.alias} className="row">
                          <EntityLink kind="model" name={model.name} version={alias.version} look="name">
                            v{alias.version}
                          </EntityLink>
                          <Alias name={alias.alias} />
                        </span>
                      ))}
                      {model.aliases.length === 0 && <span className="t3">–</span>}
                    </span>
                  ),
                },
                {
                  id: 'latest',
                  head: 'Newest',
                  align: 'right',
                  sortBy: (model) => model.versions,
                  cell: (model) => (model.latest ? `v${model.latest.version}` : '–'),
                },
                {
                  id: 'state',
                  head: 'State of the newest',
                  cell: (model) =>
                    model.latest ? (
                      <State kind={versionState(model.latest).kind}>{versionState(model.latest).word}</State>
                    ) : (
                      <span className="t3">–</span>
                    ),
                },
                {
                  id: 'approval',
                  head: 'Approval',
                  cell: (model) => (
                    <span className="t2">{model.policy.approval === 'required' ? 'required' : 'not asked'}</span>
                  ),
                },
                {
                  id: 'changed',
                  head: 'Changed',
                  align: 'right',
                  sortBy: (model) => model.updatedAt,
                  cell: (model) => <Time at={model.updatedAt} show="age" />,
                },
              ]}
            />
          )
        }
      </QueryView>
      <StrategySection project={project} />
    </>
  )
}
