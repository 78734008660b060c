import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { ConnectionsPanel } from '../connections/connections-panel.tsx'
import { ImportsPanel } from '../imports/imports-panel.tsx'
import { QuotasPanel } from '../quotas/quotas-panel.tsx'
import { ArchivePolicyPanel } from '../tracking/archive-policy-panel.tsx'
import { SecretsPanel } from '../secrets/secrets-panel.tsx'
import { ContentPlacesPanel } from '../storage/content-places-panel.tsx'
import { StoragePanel } from '../storage/storage-panel.tsx'
import { PersonalDataPanel } from '../subjects/personal-data-panel.tsx'
import { WebhooksPanel } from '../webhooks/webhooks-panel.tsx'
import { AppearancePanel } from './appearance-panel.tsx'
import { AuditPanel } from './audit-panel.tsx'
import { InvitationsSection } from './invitations-section.tsx'
import { GroupsPanel } from './groups-panel.tsx'
import { PeoplePanel } from './people-panel.tsx'
import { RolesPanel } from './roles-panel.tsx'
import { SessionsPanel } from './sessions-panel.tsx'
import { StatusPanel } from './status-panel.tsx'
import { TokensPanel } from './tokens-panel.tsx'

const shape = {
  tab: oneOf(
    [
      'people',
      'groups',
      'roles',
      'sessions',
      'tokens',
      'secrets',
      'connections',
      'webhooks',
      'imports',
      'personal-data',
      'audit',
      'storage',
      'quotas',
      'archive',
      'status',
      'appearance',
    ],
    'people',
  ),
}

/** People of the project and their tokens, who is told of events, and how the server does. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  return (
    <>
      <PageHeader title="Settings" note={`project ${project}`} />
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'people', label: 'People' },
          { id: 'groups', label: 'Groups' },
          { id: 'roles', label: 'Roles' },
          { id: 'sessions', label: 'Sessions' },
          { id: 'tokens', label: 'Tokens' },
          { id: 'secrets', label: 'Secrets' },
          { id: 'connections', label: 'Connections' },
          { id: 'webhooks', label: 'Webhooks' },
          { id: 'imports', label: 'Imports' },
          { id: 'personal-data', label: 'Personal data' },
          { id: 'audit', label: 'Audit' },
          { id: 'storage', label: 'Storage' },
          { id: 'quotas', label: 'Quotas' },
          { id: 'archive', label: 'Archive' },
          { id: 'status', label: 'Status' },
          { id: 'appearance', label: 'Appearance' },
        ]}
      />
      <TabPanel tab={view.tab}>
        {view.tab === 'people' && (
          <>
            <PeoplePanel project={project} />
            <InvitationsSection project={project} />
          </>
        )}
        {view.tab === 'groups' && <GroupsPanel project={project} />}
        {view.tab === 'roles' && <RolesPanel project={project} />}
        {view.tab === 'sessions' && <SessionsPanel />}
        {view.tab === 'tokens' && <TokensPanel project={project} />}
        {view.tab === 'secrets' && <SecretsPanel project={project} />}
        {view.tab === 'connections' && <ConnectionsPanel />}
        {view.tab === 'webhooks' && <WebhooksPanel project={project} />}
        {view.tab === 'imports' && <ImportsPanel project={project} />}
        {view.tab === 'personal-data' && <PersonalDataPanel project={project} />}
        {view.tab === 'audit' && <AuditPanel project={project} />}
        {view.tab === 'storage' && (
          <>
            <ContentPlacesPanel project={project} />
            <div className="mt-24">
              <StoragePanel />
            </div>
          </>
        )}
        {view.tab === 'quotas' && <QuotasPanel project={project} />}
        {view.tab === 'archive' && <ArchivePolicyPanel project={project} />}
        {view.tab === 'status' && <StatusPanel />}
        {view.tab === 'appearance' && <AppearancePanel />}
      </TabPanel>
    </>
  )
}
