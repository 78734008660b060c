import { getExperiment, getReport, getRun } from '@trivium/contract'
import { useContractQuery } from '../data/contract-query.ts'
import type { Crumb } from './page-spec.ts'

/** The breadcrumb with names in place of ids. The pages read the same things, so that nothing is asked twice. */
export function useNamedCrumbs(project: string | undefined, crumbs: readonly Crumb[]): readonly Crumb[] {
  const idOf = (kind: NonNullable<Crumb['of']>['kind']): string =>
    crumbs.find(({ of }) => of?.kind === kind)?.of?.id ?? ''
  const [experiment, run, report] = [idOf('experiment'), idOf('run'), idOf('report')]
  const at = project ?? ''
  const names = {
    experiment: useContractQuery(
      getExperiment,
      { params: { project: at, experiment } },
      { enabled: at !== '' && experiment !== '' },
    ).data?.name,
    run: useContractQuery(getRun, { params: { project: at, run } }, { enabled: at !== '' && run !== '' }).data?.name,
    report: useContractQuery(
      getReport,
      { params: { project: at, report }, query: {} },
      { enabled: at !== '' && report !== '' },
    ).data?.title,
  }
  return crumbs.map((crumb) => ({ ...crumb, label: (crumb.of && names[crumb.of.kind]) ?? crumb.label }))
}
