import type { StateKind } from '../../ui/state.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Loading } from '../../ui/page-states.tsx'
import { Section } from '../../ui/section.tsx'
import { monitorWord, needsAttention } from '../monitoring/monitor-state.ts'
import { EventList } from './event-list.tsx'
import { FirstSteps } from './first-steps.tsx'
import { Loop } from './loop.tsx'
import { PipelineDay } from './pipeline-day.tsx'
import { isEmptyProject, type ProjectState, useProjectState } from './project-state.ts'
import { WaitingForYou } from './waiting-for-you.tsx'
import { WorstPerformance } from './worst-performance.tsx'
import './home.css'

/** The loop of a project with its live state, what waits for the reader, and what happened last. */
export function Page() {
  const { project } = usePageParams()
  const state = useProjectState(project)
  const empty = isEmptyProject(state)
  if (empty === undefined) return <Loading what="Reading the project." shape="facts" />
  if (empty) return <FirstSteps project={project} />
  const answer = sentenceOf(state)
  const worst = state.monitors.data?.monitors[0]
  return (
    <>
      <PageHeader title={answer.words} sentence={answer.kind} />
      <Loop project={project} state={state} />
      <div className="home-columns">
        <div>
          <Section
            title="Waiting for you"
            end={<AppLink href={`/p/${encodeURIComponent(project)}/inbox`}>Inbox</AppLink>}
          >
            <div className="home-waiting">
              <WaitingForYou project={project} inbox={state.inbox} />
            </div>
          </Section>
          {worst && <WorstPerformance project={project} monitor={worst} />}
          <div className="mt-24" />
          <Section
            title="Pipeline runs"
            note="newest 60, by when they ran"
            end={<AppLink href={`/p/${encodeURIComponent(project)}/pipelines`}>Pipelines</AppLink>}
          >
            <PipelineDay project={project} runs={state.pipelineRuns} />
          </Section>
        </div>
        <EventList project={project} />
      </div>
    </>
  )
}

/** The one sentence: what waits for the reader, and how the models do. */
function sentenceOf({ inbox, monitors, alerts, deployments }: ProjectState): {
  kind: StateKind | 'plain'
  words: string
} {
  const waiting = inbox.data?.mine ?? 0
  const decisions =
    waiting === 0 ? '' : `${formatPlural(waiting, 'decision')} ${waiting === 1 ? 'waits' : 'wait'} for you`
  const worst = monitors.data?.monitors[0]
  const attention = monitors.data?.monitors.filter(needsAttention) ?? []
  const open = alerts.data?.open ?? 0
  const serving = deployments.data?.deployments.filter((one) => one.current !== null && one.state !== 'retired') ?? []
  const failed = serving.find((one) => one.state === 'failed')
  const matter = failed
    ? `${failed.name} cannot serve`
    : worst && attention.length > 0
      ? attention.length === 1
        ? `${worst.name}: ${monitorWord(worst)}`
        : `${attention.length} monitors need attention`
      : open > 0
        ? `${formatPlural(open, 'alert')} ${open === 1 ? 'is' : 'are'} open`
        : worst?.state === 'in-range'
          ? `${worst.name} is in range`
          : serving[0]?.current
            ? `${serving[0].name} serves v${serving[0].current.manifest.version}`
            : ''
  const kind = failed || worst?.state === 'degraded' ? 'bad' : attention.length > 0 || open > 0 ? 'warn' : 'plain'
  const words = [decisions, matter].filter((part) => part !== '').join('; ')
  return { kind, words: words === '' ? 'Nothing waits for you' : words }
}
