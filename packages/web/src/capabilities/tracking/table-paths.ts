import type { ArtifactEntry } from '@trivium/contract'

const ofName = /\.(csv|parquet)$/i

/** Paths of tables among the files of runs: CSV and Parquet by name, JSON where `mlflow.log_table` noted that it is one. Those that most runs have come first. */
export function tablePaths(
  files: readonly (readonly ArtifactEntry[])[],
  logged: readonly (string | null)[],
): readonly string[] {
  const noted = new Set(logged.flatMap((text) => (text === null ? [] : notedTables(text))))
  const counts = new Map<string, number>()
  for (const entries of files)
    for (const { path, isDirectory } of entries)
      if (!isDirectory && (ofName.test(path) || noted.has(path))) counts.set(path, (counts.get(path) ?? 0) + 1)
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([path]) => path)
}

/** What the tag `mlflow.loggedArtifacts` says are tables; nothing where somebody wrote something else into it. */
function notedTables(text: string): string[] {
  try {
    const found: unknown = JSON.parse(text)
    if (!Array.isArray(found)) return []
    return found.flatMap((one: { path?: unknown; type?: unknown } | null) =>
      one?.type === 'table' && typeof one.path === 'string' ? [one.path] : [],
    )
  } catch {
    return []
  }
}
