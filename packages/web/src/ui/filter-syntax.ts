/** One word of a filter, with where it stands. */
export interface FilterToken {
  readonly kind: 'field' | 'operator' | 'word' | 'value' | 'space' | 'bracket'
  readonly text: string
  readonly from: number
}

const operators = /^(>=|<=|!=|=~|=|>|<|~)/
const words = /^(and|or|not|in|like|ilike|rlike|is|null)\b/i

/** Splits the API's filter language into words, for colour and completion; the server decides what is valid. */
export function tokenizeFilter(text: string): FilterToken[] {
  const tokens: FilterToken[] = []
  let at = 0
  let expectsField = true
  let depth = 0
  const take = (kind: FilterToken['kind'], length: number) => {
    tokens.push({ kind, text: text.slice(at, at + length), from: at })
    at += length
  }
  while (at < text.length) {
    const rest = text.slice(at)
    const space = /^\s+/.exec(rest)
    if (space) {
      take('space', space[0].length)
      continue
    }
    const operator = operators.exec(rest)
    if (operator) {
      take('operator', operator[0].length)
      expectsField = false
      continue
    }
    const word = words.exec(rest)
    if (word && depth === 0) {
      take('word', word[0].length)
      expectsField = /^(and|or|not)$/i.test(word[0])
      continue
    }
    if (/^[(),]/.test(rest)) {
      if (rest[0] === '(' && !expectsField) depth += 1
      if (rest[0] === ')' && depth > 0) depth -= 1
      take('bracket', 1)
      continue
    }
    const quoted = /^("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/.exec(rest)
    const length = quoted ? quoted[0].length : (/^(?:`[^`]*`?|[^\s(),<>=!~])+/.exec(rest)?.[0].length ?? 1)
    take(expectsField && !quoted ? 'field' : 'value', length)
    if (expectsField) expectsField = false
  }
  return tokens
}

/** A field that a filter may name. */
export interface FilterField {
  readonly name: string
  /** What it is, in a few words. */
  readonly what?: string
  /** Values to offer. */
  readonly values?: readonly string[]
  /** Numbers are compared by order, texts by equality. */
  readonly type?: 'number' | 'text' | 'time'
}

/** What may be put at the caret: the part of the text that it replaces, and the choices. */
export interface FilterCompletion {
  readonly from: number
  readonly to: number
  readonly choices: readonly { readonly text: string; readonly what: string }[]
}

/** Offers fields, then operators, then values, by what stands before the caret. */
export function completeFilter(text: string, caret: number, fields: readonly FilterField[]): FilterCompletion {
  const before = tokenizeFilter(text.slice(0, caret))
  const last = before.at(-1)
  const typing = last && (last.kind === 'field' || last.kind === 'value' || last.kind === 'word') ? last : undefined
  const from = typing ? typing.from : caret
  const done = (typing ? before.slice(0, -1) : before).filter((token) => token.kind !== 'space')
  const prefix = (typing?.text ?? '').toLowerCase()
  const previous = done.at(-1)
  const field = fields.find((one) => one.name === done.findLast((token) => token.kind === 'field')?.text)
  const matching = (choices: { text: string; what: string }[]) =>
    choices
      .filter((choice) => choice.text.toLowerCase().includes(prefix) && choice.text.toLowerCase() !== prefix)
      .slice(0, 8)

  if (previous === undefined || (previous.kind === 'word' && /^(and|or|not)$/i.test(previous.text))) {
    return { from, to: caret, choices: matching(fields.map((one) => ({ text: one.name, what: one.what ?? '' }))) }
  }
  if (previous.kind === 'field') {
    const offered =
      field?.type === 'number' || field?.type === 'time'
        ? ['>', '>=', '<', '<=', '=', '!=', 'in', 'is null']
        : ['=', '!=', 'in', 'like', 'rlike', 'is null']
    return { from, to: caret, choices: matching(offered.map((one) => ({ text: one, what: '' }))) }
  }
  if (
    previous.kind === 'operator' ||
    previous.kind === 'bracket' ||
    (previous.kind === 'word' && /^(in|like|ilike|rlike)$/i.test(previous.text))
  ) {
    const quote = (value: string) => (/^[\w.-]+$|^'.*'$/.test(value) ? value : `"${value}"`)
    return { from, to: caret, choices: matching((field?.values ?? []).map((one) => ({ text: quote(one), what: '' }))) }
  }
  return { from, to: caret, choices: matching(['and', 'or'].map((one) => ({ text: one, what: '' }))) }
}
