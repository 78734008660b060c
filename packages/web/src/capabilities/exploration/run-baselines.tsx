import { getBaseline, judgeBaselines, linkReproductions, listBaselines } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { BaselineJudgements } from './baseline-judgements.tsx'
import { DeviationsTable } from './deviations-table.tsx'

interface RunBaselinesProps {
  readonly project: string
  readonly runs: readonly string[]
}

/** Runs beside the published baselines of their experiments; nothing where there are none. */
export function RunBaselines({ project, runs }: RunBaselinesProps) {
  const [only] = runs.length === 1 ? runs : []
  const query = useContractQuery(
    judgeBaselines,
    { params: { project }, query: { runs: runs.join(',') } },
    { keep: true },
  )
  const found = query.data
  if (!found || found.baselines.length === 0) return null
  const reproduced = found.judgements.find((one) => one.reproduces)
  return (
    <Section title="Against published baselines" note="never a difference without its interval">
      <BaselineJudgements project={project} {...found} {...(only === undefined ? {} : { without: 'run' as const })} />
      {only !== undefined && reproduced && <DeviationsTable judgement={reproduced} />}
      {only !== undefined && (
        <Declare
          project={project}
          run={only}
          baselines={found.baselines}
          declared={reproduced?.baseline ?? ''}
          key={reproduced?.baseline ?? ''}
        />
      )}
    </Section>
  )
}

interface DeclareProps {
  readonly project: string
  readonly run: string
  readonly baselines: readonly { readonly id: string; readonly name: string }[]
  readonly declared: string
}

/** Says of a run which baseline it reproduces. */
function Declare({ project, run, baselines, declared }: DeclareProps) {
  const [chosen, setChosen] = useState(declared || (baselines[0]?.id ?? ''))
  const link = useContractMutation(linkReproductions, { invalidates: [judgeBaselines, getBaseline, listBaselines] })
  return (
    <div className="row wrap mt-8" style={{ alignItems: 'flex-end' }}>
      <SelectField
        label="This run reproduces"
        value={chosen}
        options={baselines.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(event) => setChosen(event.target.value)}
      />
      <Button
        pending={link.isPending}
        onClick={() =>
          link.mutate({
            params: { project, baseline: chosen },
            body: { runs: [run], linked: chosen !== declared },
          })
        }
      >
        {chosen === declared ? 'It does not reproduce it' : 'Declare it a reproduction'}
      </Button>
      {link.error && <State kind="bad">{link.error.detail}</State>}
    </div>
  )
}
