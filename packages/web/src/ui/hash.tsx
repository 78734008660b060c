import { useClipboard } from '@mantine/hooks'

interface HashProps {
  readonly value: string
  /** `digest` shortens in the middle (7f3a…c91d), `commit` keeps the head, `id` keeps prefix and tail, `whole` keeps all. */
  readonly form?: 'digest' | 'commit' | 'id' | 'whole'
}

/** Shortens what a machine reads so that people can tell two apart. */
export function shortenHash(value: string, form: NonNullable<HashProps['form']> = 'digest'): string {
  if (form === 'whole' || value.length <= 13) return value
  if (form === 'commit') return value.slice(0, 7)
  const prefixed = /^([a-z]{2,5}_)(.+)$/.exec(value)
  if (form === 'id' && prefixed) return `${prefixed[1]}\u2026${(prefixed[2] ?? '').slice(-6)}`
  return `${value.slice(0, 4)}\u2026${value.slice(-4)}`
}

/** A hash, commit or id in mono; click copies it whole. */
export function Hash({ value, form = 'digest' }: HashProps) {
  const { copied, copy } = useClipboard({ timeout: 1200 })
  return (
    <button
      type="button"
      className="hash mono"
      title={copied ? 'copied' : `${value}, click copies`}
      onClick={() => copy(value)}
    >
      <span>{shortenHash(value, form)}</span>
      <span className="sr-only" role="status">
        {copied ? 'copied' : ''}
      </span>
      {copied && (
        <span className="hash-done" aria-hidden>
          copied
        </span>
      )}
    </button>
  )
}
