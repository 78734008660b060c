import { type Evaluation, getEvaluation } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { verdictState } from '../../ui/verdict.tsx'
import { Time, TimeRange } from '../../ui/time.tsx'
import { EvaluatedModelLink, evaluatedName } from './evaluated-model.tsx'
import { CalibrationChart } from './calibration-chart.tsx'
import { EvaluationMetrics } from './evaluation-metrics.tsx'
import { EvaluationSlices } from './evaluation-slices.tsx'

const shape = { slice: text(), metric: text() }

/** One evaluation: metrics with intervals, the comparison with the champion, slices, calibration. */
export function Page() {
  const { project, evaluation } = usePageParams<'evaluation'>()
  const query = useContractQuery(
    getEvaluation,
    { params: { project, evaluation } },
    { staleTime: Number.POSITIVE_INFINITY },
  )
  return (
    <QueryView query={query} what="the evaluation" shape="facts" permission="evaluation:read">
      {(data) => <EvaluationView evaluation={data} />}
    </QueryView>
  )
}

function EvaluationView({ evaluation }: { readonly evaluation: Evaluation }) {
  const [view, setView] = useSearchState(shape)
  const { comparison, champion, model, dataset } = evaluation
  const pipeline = evaluation.pipelineRun === null ? undefined : parseUrn(evaluation.pipelineRun)
  const verdict = comparison?.verdict
  return (
    <>
      <PageHeader
        kind="evaluation"
        title={`${evaluatedName(model)} on ${dataset.name} v${dataset.version}`}
        state={
          verdict && verdict !== 'first model'
            ? { kind: verdictState(verdict), word: verdict }
            : { kind: 'idle', word: champion ? 'not compared' : 'first model' }
        }
      />
      {evaluation.testSetReuse.warning !== null && <Claim>{evaluation.testSetReuse.warning}</Claim>}
      <Facts
        facts={[
          { label: 'Model', value: <EvaluatedModelLink model={model} /> },
          champion && { label: 'Champion', value: <EvaluatedModelLink model={champion} /> },
          {
            label: 'On',
            value: <EntityLink kind="dataset" name={dataset.name} version={dataset.version} look="bare" />,
          },
          {
            label: 'Rows',
            value: (
              <>
                {formatCount(evaluation.rows)}
                {evaluation.unlabelled > 0 && (
                  <span className="t3">{formatCount(evaluation.unlabelled)} without label left out</span>
                )}
              </>
            ),
          },
          { label: 'Rows judged', value: formatPlural(evaluation.testSetReuse.models, 'model') },
          {
            label: 'Event time',
            value: (
              <>
                <TimeRange from={evaluation.from} to={evaluation.to} />
                <span className="t3">{formatPlural(evaluation.blocks, 'day')}</span>
              </>
            ),
          },
          pipeline && {
            label: 'By',
            value: (
              <EntityLink kind="pipeline-run" name={pipeline.name} id={pipeline.id} look="bare">
                {evaluation.step ?? 'pipeline run'}
              </EntityLink>
            ),
          },
          { label: 'Result', value: <Hash value={evaluation.digest} /> },
        ]}
      />
      <Claim>
        {comparison ? (
          comparison.summary
        ) : (
          <>
            {evaluatedName(model)} was scored on {formatPlural(evaluation.rows, 'row')}; there was no champion to
            compare with.
          </>
        )}
      </Claim>
      <Section
        title="Metrics"
        note={`95 % intervals over ${formatPlural(evaluation.blocks, 'day')}${champion ? '; differences are paired row by row' : ''}`}
      >
        <EvaluationMetrics evaluation={evaluation} />
      </Section>
      <div className="cols-2 mt-24">
        <EvaluationSlices
          evaluation={evaluation}
          column={view.slice}
          metric={view.metric}
          onColumn={(slice) => setView({ slice })}
          onMetric={(metric) => setView({ metric })}
        />
        {evaluation.calibration.length > 0 && <CalibrationChart evaluation={evaluation} />}
      </div>
      <Section title="How it was done">
        <p className="t2 prose">
          Label <code>{evaluation.label}</code>
          {evaluation.where !== null && (
            <>
              , rows where <code>{evaluation.where}</code>
            </>
          )}
          , days by <code>{evaluation.timeColumn}</code>, scored output <code>{model.output}</code>,{' '}
          {formatPlural(model.features.length, 'feature')}. Stands at <Time at={evaluation.asOf} clock="event" />, by{' '}
          {evaluation.createdByName}, <Time at={evaluation.createdAt} />. The same model file on the same rows gives the
          same result digest.
        </p>
      </Section>
    </>
  )
}
