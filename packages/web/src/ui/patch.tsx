import { formatCount } from './format-number.ts'

const mostLines = 3000

/** A patch as `git diff` writes it: files as headings, lines with their signs. */
export function Patch({ text, label }: { readonly text: string; readonly label: string }) {
  const lines = text.replace(/\n$/, '').split('\n')
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways, which the keyboard must reach
    <div className="diff-frame" tabIndex={0} role="group" aria-label={label}>
      <table className="diff" aria-label={label}>
        <tbody>
          {lines.slice(0, mostLines).map((line, at) => (
            <Line key={at} line={line} />
          ))}
          {lines.length > mostLines && (
            <tr className="diff-gap">
              <td className="diff-sign" />
              <td>{formatCount(lines.length - mostLines)} further lines</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  )
}

function Line({ line }: { readonly line: string }) {
  const file = /^diff --git a\/.* b\/(.*)$/.exec(line)?.[1]
  if (file !== undefined)
    return (
      <tr className="diff-gap">
        <td className="diff-sign" />
        <td>
          <b>{file}</b>
        </td>
      </tr>
    )
  if (/^(index |--- |\+\+\+ |old mode|new mode|similarity |rename |new file|deleted file)/.test(line)) return null
  const place = /^@@ -(\d+)\S* \+(\d+)\S* @@ ?(.*)$/.exec(line)
  if (place)
    return (
      <tr className="diff-gap">
        <td className="diff-sign" />
        <td>
          line {place[2]} {place[3]}
        </td>
      </tr>
    )
  const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same'
  return (
    <tr className={`diff-${kind}`}>
      <td className="diff-sign">{kind === 'added' ? '+' : kind === 'removed' ? '\u2212' : ''}</td>
      <td className="diff-text">{line.slice(1)}</td>
    </tr>
  )
}
