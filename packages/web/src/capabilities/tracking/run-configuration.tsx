import type { ConfigurationChange } from '@trivium/contract'
import { ValuesDiff } from '../../ui/diff.tsx'

/** What a configuration changes of another one. */
export function ConfigurationTable({
  changes,
  before,
  after,
}: {
  readonly changes: readonly ConfigurationChange[]
  readonly before: string
  readonly after: string
}) {
  if (changes.length === 0) return <p className="t2 mt-4">It says the same as {before}.</p>
  return (
    <ValuesDiff
      label="What the configuration changes"
      columns={[before, after]}
      rows={changes.map((one) => ({ name: one.path, values: [valueText(one.before), valueText(one.after)] }))}
    />
  )
}

const valueText = (value: unknown): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)
