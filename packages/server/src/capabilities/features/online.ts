import type { FeatureViewDefinition } from '@trivium/contract'
import { defineErrors } from '../../kernel/errors/index.ts'
import type { OnlineReader } from '../../kernel/ports/online-store.ts'
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

/** The one text form of an entity's key, the same offline and online. */
export function entityKey(
  view: { name: string; keys: readonly string[] },
  values: Readonly<Record<string, unknown>>,
): string {
  return view.keys
    .map((key) => {
      const value = values[key]
      if (value === undefined || value === null) throw keyErrors.KEY_MISSING(key, view.name)
      return String(value)
    })
    .join('\u001f')
}

/** Features of one entity as of a moment, from rows that were known by then. */
export function lookup(
  store: OnlineReader,
  project: string,
  view: CompiledView,
  key: string,
  asOf: number,
): Record<string, number | null> {
  const rows = store.window(project, view.name, key, asOf - view.windowMs, asOf).map((row) => row.values)
  return Object.fromEntries(
    view.features.map(({ name, expression, fallback }) => {
      const value = rows.length === 0 ? null : evaluate(expression, rows)
      return [name, value === null ? fallback : Number(value)]
    }),
  )
}
