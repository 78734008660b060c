import { useClipboard } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'
import { IconButton, Segmented } from './button.tsx'
import { IconCheck, IconCopy } from './icons.ts'

/** Marks strings and comments; enough for short examples in Python, shell, SQL, JSON and TypeScript. */
function highlight(code: string): ReactNode[] {
  const pieces: ReactNode[] = []
  let at = 0
  for (const found of code.matchAll(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|((?:^|\s)(?:#|--\s|\/\/)[^\n]*)/g)) {
    if (found.index > at) pieces.push(code.slice(at, found.index))
    pieces.push(
      <span key={found.index} className={found[1] ? 'code-string' : 'code-comment'}>
        {found[0]}
      </span>,
    )
    at = found.index + found[0].length
  }
  pieces.push(code.slice(at))
  return pieces
}

/** The same call in several languages. */
export interface CodeSample {
  readonly label: string
  readonly code: string
}

interface CodeExampleProps {
  readonly title?: ReactNode
  readonly note?: ReactNode
  readonly samples: readonly CodeSample[]
}

/** A working example with this project's values; one click copies it. */
export function CodeExample({ title, note, samples }: CodeExampleProps) {
  const [chosen, setChosen] = useState(samples[0]?.label ?? '')
  const sample = samples.find((one) => one.label === chosen) ?? samples[0]
  return (
    <section className="sec">
      {(title || samples.length > 1) && (
        <div className="sec-head sec-head-tall">
          {title && <h2>{title}</h2>}
          {note && <span className="sec-note">{note}</span>}
          {samples.length > 1 && (
            <span className="sec-end">
              <Segmented
                label="Language"
                options={samples.map((one) => ({ value: one.label, label: one.label }))}
                value={sample?.label ?? ''}
                onChange={setChosen}
              />
            </span>
          )}
        </div>
      )}
      <CommandBox command={sample?.code ?? ''} />
    </section>
  )
}

interface CommandBoxProps {
  readonly command: string
  /** Shown instead of the command where a part is a link (create a token); the copy holds the command. */
  readonly children?: ReactNode
}

/** Commands to copy. */
export function CommandBox({ command, children }: CommandBoxProps) {
  const { copied, copy } = useClipboard({ timeout: 1500 })
  return (
    <div className="well">
      <pre tabIndex={0} aria-label="Code">
        {children ?? highlight(command)}
      </pre>
      <IconButton label={copied ? 'Copied' : 'Copy'} className="well-copy" onClick={() => copy(command)}>
        {copied ? <IconCheck className="ic" aria-hidden /> : <IconCopy className="ic" aria-hidden />}
      </IconButton>
    </div>
  )
}
