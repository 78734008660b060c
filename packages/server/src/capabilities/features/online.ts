import type { FeatureViewDefinition } from '@trivium/contract'
import { defineErrors } from '../../kernel/errors/index.ts'
import { type OnlineReader, type OnlineRow, sealedValues } from '../../kernel/ports/online-store.ts'
import { evaluate, type Expression, parseExpression } from './expression.ts'

/** A definition made ready for lookups; pure data and functions, so that the gateway holds it in its own process. */
export interface CompiledView {
  readonly name: string
  readonly keys: readonly string[]
  readonly windowMs: number
  readonly features: readonly {
    readonly name: string
    readonly expression: Expression
    readonly fallback: number | null
  }[]
}

export const keyErrors = defineErrors('FEATURES', {
  KEY_MISSING: {
    status: 400,
    message: (key: string, view: string) => `Feature view "${view}" needs the key "${key}".`,
  },
})

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a window such as `3h`. */
export function windowMs(window: string): number {
  return Number(window.slice(0, -1)) * (unitMs[window.slice(-1)] ?? 0)
}

/** Parses a definition; throws FEATURES.BAD_EXPRESSION with the feature and the reason. */
export function compileView(name: string, definition: FeatureViewDefinition): CompiledView {
  const columns = new Set(Object.keys(definition.columns))
  return {
    name,
    keys: definition.keys,
    windowMs: windowMs(definition.window),
    features: Object.entries(definition.features).map(([feature, text]) => ({
      name: feature,
      expression: parseExpression(feature, text, columns),
      fallback: definition.defaults?.[feature] ?? null,
    })),
  }
}

/** Stands between the parts of a key. */
export const keySeparator = '\u001f'

/** The types of a view's columns in the tables. */
export const sqlTypes = { number: 'double', string: 'varchar', boolean: 'boolean' } as const

/** The parts of an entity's key as texts; joined they are its one form, the same offline and online. */
export function keyParts(
  view: { name: string; keys: readonly string[] },
  values: Readonly<Record<string, unknown>>,
): string[] {
  return view.keys.map((key) => {
    const value = values[key]
    if (value === undefined || value === null) throw keyErrors.KEY_MISSING(key, view.name)
    return String(value)
  })
}

/** What tells which rows are of a person whose name in their key is sealed. */
export interface KeyPeople {
  mark(subject: string): string | undefined
  seal(subject: string, place: string, value: string): string | undefined
}

/** A key in a form in which parts of it are sealed (`keyFormOf`); undefined for a person whom nothing was sealed for. */
export function sealedKey(
  keys: readonly string[],
  parts: readonly string[],
  form: string,
  people: KeyPeople,
): string | undefined {
  const sealed = form.split(',').map((kind, index) => {
    const part = parts[index] ?? ''
    if (kind === 'p') return part
    if (kind === 's') return people.mark(part)
    return people.seal(parts[Number(kind.slice(1))] ?? '', keys[index] ?? '', part)
  })
  return sealed.includes(undefined) ? undefined : sealed.join(keySeparator)
}

/** The rows of an entity that a lookup as of a moment sees, oldest first, whichever of the keys they came under. */
export function windowOf(
  store: OnlineReader,
  project: string,
  view: Pick<CompiledView, 'name' | 'windowMs'>,
  keys: readonly string[],
  asOf: number,
): OnlineRow[] {
  const [first = [], ...more] = keys.map((key) => store.window(project, view.name, key, asOf - view.windowMs, asOf))
  if (more.every((rows) => rows.length === 0)) return first
  const all = new Map([...first, ...more.flat()].map((row) => [row.id, row]))
  return [...all.values()].toSorted((a, b) => a.eventTime - b.eventTime || (a.id < b.id ? -1 : 1))
}

/** The sealed texts that a row carries; undefined where its view seals nothing. */
export const sealedTexts = (row: Pick<OnlineRow, 'values'>): string[] | undefined => {
  const texts = row.values[sealedValues]
  return typeof texts === 'string' ? texts.split(' ').filter((text) => text !== '') : undefined
}

type Values = OnlineRow['values']

/** The values of a row with those that are sealed; `erased`: some of them nobody can open any more. */
export function openedValues(
  row: Pick<OnlineRow, 'values'>,
  open: (text: string) => string | undefined,
): { values: Values; erased: boolean } {
  const texts = sealedTexts(row)
  if (texts === undefined) return { values: row.values, erased: false }
  const opened = texts.map((text) => open(text))
  const values = opened.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Values]))
  return { values: Object.assign({}, row.values, ...values) as Values, erased: opened.includes(undefined) }
}

/** Features of one entity from its rows in the window. */
export function featuresOf(view: CompiledView, rows: readonly Values[]): Record<string, number | null> {
  return Object.fromEntries(
    view.features.map(({ name, expression, fallback }) => {
      const value = rows.length === 0 ? null : evaluate(expression, rows)
      return [name, value === null ? fallback : Number(value)]
    }),
  )
}
