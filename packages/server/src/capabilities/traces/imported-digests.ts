import { permits, type Scope } from '../../kernel/principal/index.ts'
import { maskOf } from '../access/index.ts'
import { traceErrors } from './errors.ts'
import type { TraceDeps } from './log-spans.ts'
import { largeSpans } from './read-spans.ts'

const module = new URL(`digest-imported-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Digests of the canonical content of traces and evaluation datasets as they are here, by id. */
export async function importedDigests(
  deps: Pick<TraceDeps, 'db' | 'blobs'>,
  scope: Scope,
  { traces, evaluationSets }: { traces: readonly string[]; evaluationSets: readonly string[] },
): Promise<{ traces: Record<string, string>; evaluationSets: Record<string, string> }> {
  const { project } = scope
  // Whoever has the rest of it finds out by digests what is masked for him: he tries one value after another.
  if (!permits(scope, 'data:read-personal') && (await maskOf(deps.db.read, scope)).any)
    throw traceErrors.PERSONAL_DIGEST()
  const large = await largeSpans(deps, project, traces)
  const input = { project, traces, sets: evaluationSets, large }
  const bytes = await deps.db.offload({ module, name: 'importedDigestBytes', input })
  return JSON.parse(Buffer.from(bytes).toString()) as never
}
