/** The page that compares runs; the first is the baseline unless another is named. */
export function compareHref(project: string, ids: readonly string[], base?: string): string {
  return `/p/${encodeURIComponent(project)}/runs/compare?ids=${ids.join(',')}&base=${base ?? ids[0] ?? ''}`
}
