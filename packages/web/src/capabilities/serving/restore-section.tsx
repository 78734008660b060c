import {
  type Deployment,
  getDeployment,
  getRestorePoint,
  listDeployments,
  listModels,
  listPipelines,
  listReleases,
  restoreDeployment,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

/** Goes back to the last state that is known to have worked; what that changes is shown before. */
export function RestoreSection({ project, deployment }: { readonly project: string; readonly deployment: Deployment }) {
  const params = { project, deployment: deployment.name }
  const [looking, setLooking] = useState(false)
  const [asking, setAsking] = useState(false)
  const point = useContractQuery(getRestorePoint, { params }, { enabled: looking })
  const restore = useContractMutation(restoreDeployment, {
    invalidates: [getDeployment, listDeployments, listReleases, listModels, listPipelines],
    onDone: () => {
      setAsking(false)
      setLooking(false)
    },
  })
  const plan = looking ? point.data : undefined
  return (
    <Section
      title="Last working state"
      note="model, configuration, champion, code and data in one step"
      end={
        plan ? (
          <Button look="danger" onClick={() => setAsking(true)}>
            Restore it
          </Button>
        ) : (
          <Button pending={looking && point.isLoading} onClick={() => setLooking(true)}>
            What would come back?
          </Button>
        )
      }
    >
      {looking && point.error && <State kind="none">{point.error.detail}</State>}
      {plan && (
        <Facts
          facts={[
            {
              label: 'Model',
              value: (
                <EntityLink
                  kind="model"
                  name={plan.release.manifest.model}
                  version={plan.release.manifest.version}
                  look="bare"
                />
              ),
            },
            { label: 'Release', value: plan.release.number },
            plan.alias !== null && { label: 'Champion', value: `v${plan.alias.from} → v${plan.alias.to}` },
            plan.pipeline !== null && {
              label: 'Code',
              value: `${plan.pipeline.name} as in its version ${plan.pipeline.from}`,
            },
            plan.datasets.length > 0 && {
              label: 'Data',
              value: plan.datasets.map((one) => `${one.name} v${one.version}`).join(', '),
            },
            plan.passedOver.length > 0 && {
              label: 'Passed over',
              value: plan.passedOver.map((one) => `release ${one.number}: ${one.reason}`).join(' '),
            },
          ]}
        />
      )}
      {plan && (
        <ConfirmLoss
          opened={asking}
          onClose={() => setAsking(false)}
          weight="live"
          title={`Restore the last working state of ${deployment.name}`}
          action="Restore it"
          onConfirm={() => restore.mutate({ params, body: {} })}
          pending={restore.isPending}
          error={restore.error?.detail}
        >
          All of it comes back or nothing does. Requests under way finish on the release that took them; none is lost.
        </ConfirmLoss>
      )}
    </Section>
  )
}
