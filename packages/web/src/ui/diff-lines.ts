/** One line of a unified diff. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added' | 'gap'
  readonly before?: number
  readonly after?: number
  /** The text in pieces; changed words are marked. For a gap: how many equal lines are left out. */
  readonly parts: readonly { readonly text: string; readonly changed: boolean }[]
}

type Edit = { kind: 'same' | 'removed' | 'added'; text: string }

/** The shortest edit between two lists (longest common subsequence, after cutting equal ends). */
function edits(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1
  const a = before.slice(head, before.length - tail)
  const b = after.slice(head, after.length - tail)
  const width = b.length + 1
  const best = new Uint32Array((a.length + 1) * width)
  if (best.length <= 4_000_000) {
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        best[i * width + j] =
          a[i] === b[j]
            ? (best[(i + 1) * width + j + 1] ?? 0) + 1
            : Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0)
      }
    }
  }
  const middle: Edit[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      middle.push({ kind: 'same', text: a[i] ?? '' })
      i += 1
      j += 1
    } else if (i < a.length && (j >= b.length || (best[(i + 1) * width + j] ?? 0) >= (best[i * width + j + 1] ?? 0))) {
      middle.push({ kind: 'removed', text: a[i] ?? '' })
      i += 1
    } else {
      middle.push({ kind: 'added', text: b[j] ?? '' })
      j += 1
    }
  }
  const same = (text: string): Edit => ({ kind: 'same', text })
  return [...before.slice(0, head).map(same), ...middle, ...before.slice(before.length - tail).map(same)]
}

function words(text: string): string[] {
  return text.match(/\s+|[A-Za-z0-9_]+|[^\sA-Za-z0-9_]/g) ?? []
}

/** Marks the words of two lines that differ; lines with little in common stay unmarked. */
function markWords(before: string, after: string): { before: DiffLine['parts']; after: DiffLine['parts'] } {
  const all = edits(words(before), words(after))
  const kept = all.reduce((sum, edit) => sum + (edit.kind === 'same' ? edit.text.trim().length : 0), 0)
  if (kept < Math.max(before.trim().length, after.trim().length) * 0.3) {
    return { before: [{ text: before, changed: false }], after: [{ text: after, changed: false }] }
  }
  const side = (own: 'removed' | 'added') => {
    const parts: { text: string; changed: boolean }[] = []
    for (const edit of all) {
      if (edit.kind !== 'same' && edit.kind !== own) continue
      const changed = edit.kind === own
      const last = parts.at(-1)
      if (last && last.changed === changed) last.text += edit.text
      else parts.push({ text: edit.text, changed })
    }
    return parts
  }
  return { before: side('removed'), after: side('added') }
}

/** The lines that differ between two texts, with `context` equal lines around them. */
export function diffLines(before: string, after: string, context = 3): DiffLine[] {
  const split = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
  const all = edits(split(before), split(after))
  const lines: DiffLine[] = []
  let a = 0
  let b = 0
  for (let at = 0; at < all.length; ) {
    const edit = all[at]
    if (!edit) break
    if (edit.kind === 'same') {
      a += 1
      b += 1
      lines.push({ kind: 'same', before: a, after: b, parts: [{ text: edit.text, changed: false }] })
      at += 1
      continue
    }
    const removed: string[] = []
    const added: string[] = []
    while (all[at] && all[at]?.kind !== 'same') {
      const { kind, text } = all[at] ?? edit
      if (kind === 'removed') removed.push(text)
      else added.push(text)
      at += 1
    }
    const paired = removed.length === added.length
    const marked = removed.map((text, index) => (paired ? markWords(text, added[index] ?? '') : undefined))
    if (paired) {
      for (const [index, text] of removed.entries()) {
        a += 1
        b += 1
        lines.push({ kind: 'removed', before: a, parts: marked[index]?.before ?? [{ text, changed: false }] })
        lines.push({
          kind: 'added',
          after: b,
          parts: marked[index]?.after ?? [{ text: added[index] ?? '', changed: false }],
        })
      }
      continue
    }
    for (const text of removed) lines.push({ kind: 'removed', before: ++a, parts: [{ text, changed: false }] })
    for (const text of added) lines.push({ kind: 'added', after: ++b, parts: [{ text, changed: false }] })
  }
  return fold(lines, context)
}

function fold(lines: DiffLine[], context: number): DiffLine[] {
  const near = new Set<number>()
  for (const [index, line] of lines.entries()) {
    if (line.kind === 'same') continue
    for (let i = index - context; i <= index + context; i++) near.add(i)
  }
  const folded: DiffLine[] = []
  let skipped = 0
  const flush = () => {
    if (skipped > 0) folded.push({ kind: 'gap', parts: [{ text: String(skipped), changed: false }] })
    skipped = 0
  }
  for (const [index, line] of lines.entries()) {
    if (near.has(index)) {
      flush()
      folded.push(line)
    } else skipped += 1
  }
  flush()
  return folded
}
