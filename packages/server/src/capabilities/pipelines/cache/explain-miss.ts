import type { CacheComponent } from '@trivium/contract'
import type { KeyPart } from './cache-key.ts'

/** Compares a key with the nearest earlier ones of the same step: the one with the fewest parts (then files) that differ, the newest of equals. */
export function nearestKey<T extends { parts: readonly KeyPart[] }>(
  parts: readonly KeyPart[],
  earlier: readonly T[],
): { entry: T; components: CacheComponent[] } | undefined {
  let best: { entry: T; components: CacheComponent[]; changes: number } | undefined
  for (const entry of earlier) {
    const components = compareKeys(entry.parts, parts)
    const changed = components.filter((component) => component.changed)
    const changes = changed.length + changed.reduce((sum, component) => sum + component.detail.length, 0) / 1_000_000
    if (!best || changes < best.changes) best = { entry, components, changes }
  }
  return best
}

/** Every part of both keys, in the order of the newer. */
export function compareKeys(before: readonly KeyPart[], after: readonly KeyPart[]): CacheComponent[] {
  const old = new Map(before.map((part) => [part.part, part]))
  const fresh = new Set(after.map((part) => part.part))
  const gone = before.filter((part) => !fresh.has(part.part))
  return [
    ...after.map((part) => {
      const was = old.get(part.part)
      return {
        part: part.part,
        before: was?.value ?? null,
        after: part.value,
        changed: was?.value !== part.value,
        detail: was?.value === part.value ? [] : changedFiles(was?.files, part.files),
      }
    }),
    ...gone.map((part) => ({ part: part.part, before: part.value, after: null, changed: true, detail: [] })),
  ]
}

function changedFiles(before: KeyPart['files'], after: KeyPart['files']): string[] {
  if (!before || !after) return []
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((path) => {
    if (before[path] === after[path]) return []
    if (before[path] === undefined) return [`${path} was added`]
    return [after[path] === undefined ? `${path} was removed` : `${path} changed`]
  })
}

/** The differences in one sentence. */
export function sentenceOf(components: readonly CacheComponent[]): string {
  const changes = components.filter((component) => component.changed).map(describe)
  if (changes.length <= 3) return changes.join(', ')
  return `${changes.slice(0, 3).join(', ')} and ${changes.length - 3} more`
}

function describe({ part, before, after, detail }: CacheComponent): string {
  if (detail.length > 0)
    return `${part}: ${detail.slice(0, 3).join(', ')}${detail.length > 3 ? ` and ${detail.length - 3} more` : ''}`
  if (before === null) return `${part} is new`
  if (after === null) return `${part} is gone`
  return `${part} ${short(before)} → ${short(after)}`
}

const short = (value: string): string =>
  /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value.length > 40 ? `${value.slice(0, 39)}…` : value
