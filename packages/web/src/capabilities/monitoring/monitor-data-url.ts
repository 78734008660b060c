import { moment } from '../../shell/search-state.ts'
import { entityUrl } from '../../ui/entity-url.ts'

/** Where a monitor shows the distribution of one feature, in one window or in the newest. */
export function monitorDataUrl(project: string, monitor: string, feature: string, window?: number): string {
  const query = new URLSearchParams({ tab: 'data', feature })
  const at = moment().write(window)
  if (at !== undefined) query.set('window', at)
  return `${entityUrl({ kind: 'monitor', name: monitor }, project)}?${query}`
}
