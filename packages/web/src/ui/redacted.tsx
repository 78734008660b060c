/** What stands in the place of a value that is personal and not to be seen. */
export const redactedWord = 'redacted'

const why = 'Personal: the person was erased, or you lack data:read-personal.'

/** The word `redacted`, with the reason on hover and for screen readers. */
export function Redacted() {
  return (
    <span className="t3" title={why}>
      {redactedWord}
      <span className="sr-only"> ({why})</span>
    </span>
  )
}
