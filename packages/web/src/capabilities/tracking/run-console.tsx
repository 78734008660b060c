import { readRunConsole, type RunConsoleLine, type RunDetail } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useVolatile } from '../../data/use-live.ts'
import { number, useSearchState } from '../../shell/search-state.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { type LogLine, LogView } from '../../ui/log-view.tsx'
import { readTerminalText } from '../../ui/terminal-text.ts'

const shape = { line: number() }
const atFirst = 5000

/** What the run wrote to its console; while it runs, new lines are read as they are announced. */
export function RunConsole({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const [view] = useSearchState(shape)
  const live = run.status === 'RUNNING'
  const params = { project, run: run.id }
  const before = useContractQuery(readRunConsole, { params, query: { last: atFirst } })
  const from = before.data === undefined ? 0 : before.data.first + before.data.lines.length
  const after = useContractQuery(
    readRunConsole,
    { params, query: { from, limit: 10_000 } },
    { enabled: before.data !== undefined, keep: true, refetchInterval: live ? 2000 : false },
  )
  useVolatile('run.console', (message) => {
    if ((message as { run?: string }).run === run.id && before.data && !after.isFetching) void after.refetch()
  })
  return (
    <QueryView query={before} what="the console" shape="text" permission="run:read">
      {({ first, lines }) => {
        const all = [...lines, ...(after.data?.first === from ? after.data.lines : [])]
        if (all.length === 0) return <NoLines run={run} live={live} />
        return (
          <>
            <LogView
              live={live}
              height={560}
              omitted={first}
              line={view.line === undefined ? undefined : view.line - first}
              lineHref={(index) => `?tab=console&line=${index + first}`}
              lines={all.map(logLine)}
            />
            <p className="sm t3 mt-8">
              <a
                className="link"
                href={`/api/v1/projects/${encodeURIComponent(project)}/runs/${run.id}/console/text`}
                download
              >
                Download the whole console
              </a>
            </p>
          </>
        )
      }}
    </QueryView>
  )
}

function NoLines({ run, live }: { readonly run: RunDetail; readonly live: boolean }) {
  const pipeline = run.pipelineRun === null ? undefined : parseUrn(run.pipelineRun)
  if (pipeline)
    return (
      <p className="t2">
        The step of a{' '}
        <EntityLink kind="pipeline-run" name={pipeline.name} id={pipeline.id} look="bare">
          pipeline run
        </EntityLink>{' '}
        made this run; its lines are there.
      </p>
    )
  return (
    <p className="t2">
      {live ? 'No line yet. ' : 'No line was kept. '}Start the program with{' '}
      <code>trivium track -- python train.py</code> and what it writes stands here while it runs.
    </p>
  )
}

/** Python writes warnings and tracebacks to stderr, but not only those: the words decide. */
function logLine({ at, stream, text: raw }: RunConsoleLine): LogLine {
  const { text, parts } = readTerminalText(raw)
  if (stream === 'system') return { at, text, level: 'warn' }
  const level = /\b(traceback|exception|error)\b|\w(Error|Exception):/i.test(text)
    ? 'error'
    : /\bwarn(ing)?\b|\wWarning\b/i.test(text)
      ? 'warn'
      : 'info'
  return { at, text, level, parts }
}
