import { traceErrors } from '../errors.ts'

const longest = 1_000_000
const deepest = 100

/** Reads what a client wrote of a scorer. Code is refused: whoever reads the scorer would run it. */
export function checkScorer(name: string, text: string): void {
  if (name.trim() === '') throw traceErrors.INVALID('Scorer name cannot be empty or contain only whitespace.')
  if (name.length > 256) throw traceErrors.INVALID('Scorer name exceeds the maximum length of 256 characters.')
  if (text.length > longest)
    throw traceErrors.INVALID(`serialized_scorer exceeds the maximum length of ${longest} characters.`)
  const content = parsed(text)
  if (content === undefined) throw traceErrors.INVALID('serialized_scorer must be valid JSON')
  if (holdsCode(content, 0))
    throw traceErrors.INVALID(
      'Custom scorer registration (using @scorer decorator) is not supported: who loads such a scorer runs its code. Keep the code in a repository and import it, or register a built-in scorer or one of make_judge().',
    )
  const model = modelOf(content)
  if (model === undefined) return
  if (typeof model !== 'string' || model.trim() === '')
    throw traceErrors.INVALID('Scorer model cannot be empty or contain only whitespace.')
  if (model.startsWith('gateway:/')) throw traceErrors.NO_GATEWAY(model.slice('gateway:/'.length).slice(0, 200))
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value === null ? undefined : value
  } catch {
    return undefined
  }
}

function holdsCode(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth > deepest) throw traceErrors.INVALID('serialized_scorer is nested too deeply.')
  if (!Array.isArray(value) && ((value as Record<string, unknown>)['call_source'] ?? null) !== null) return true
  return Object.values(value).some((one) => holdsCode(one, depth + 1))
}

/** The model that the scorer asks, where it names one. */
function modelOf(content: unknown): unknown {
  const of = content as Record<string, Record<string, unknown> | undefined>
  return of['instructions_judge_pydantic_data']?.['model'] ?? of['builtin_scorer_pydantic_data']?.['model'] ?? undefined
}
