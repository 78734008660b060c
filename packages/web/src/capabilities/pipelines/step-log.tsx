import { readStepLog } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useVolatile } from '../../data/use-live.ts'
import { number, useSearchState } from '../../shell/search-state.ts'
import { LogView } from '../../ui/log-view.tsx'
import { plainLine } from './plain-line.ts'

interface StepLogProps {
  readonly project: string
  readonly run: string
  readonly step: string
  readonly attempt: number
  readonly live: boolean
}

const shape = { line: number() }

/** The log of the newest attempt; while it is written, new lines are read as they are announced. */
export function StepLog({ project, run, step, attempt, live }: StepLogProps) {
  const [view] = useSearchState(shape)
  const log = useContractQuery(
    readStepLog,
    { params: { project, run, step }, query: { limit: 1_048_576 } },
    { enabled: attempt > 0, keep: true, refetchInterval: live ? 2000 : false },
  )
  useVolatile('step.log', (message) => {
    const told = message as { run?: string; step?: string }
    if (told.run === run && told.step === step && !log.isFetching) void log.refetch()
  })
  if (attempt === 0) return <p className="t2">The step has not begun.</p>
  return (
    <QueryView query={log} what="the log" shape="text">
      {(data) =>
        data.lines.length === 0 ? (
          <p className="t2">{live ? 'No line yet.' : 'The step wrote nothing.'}</p>
        ) : (
          <LogView
            live={live}
            line={view.line}
            lineHref={(index) => `?step=${encodeURIComponent(step)}&line=${index}`}
            lines={data.lines.map((line) => {
              const text = plainLine(line.text)
              return { at: line.at, text, level: levelOf(text, line.stream) }
            })}
          />
        )
      }
    </QueryView>
  )
}

function levelOf(text: string, stream: string): 'info' | 'warn' | 'error' {
  if (/\b(error|exception|traceback|failed)\b/i.test(text)) return 'error'
  return /\bwarn(ing)?\b/i.test(text) && stream !== 'system' ? 'warn' : 'info'
}
