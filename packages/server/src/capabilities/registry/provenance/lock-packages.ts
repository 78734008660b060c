/** A Python package as a lock file or a list of requirements pins it. */
export interface PinnedPackage {
  readonly name: string
  readonly version: string
  /** Of the files that may be installed. */
  readonly sha256: readonly string[]
}

/** Packages that requirements pin to one version, by name; what is pinned to none is left out. */
export function pinnedPackages(requirements: string): PinnedPackage[] {
  const found = new Map<string, PinnedPackage>()
  for (const line of requirements.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const match = /^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([\w.!+-]+)/.exec(line)
    if (!match) continue
    const name = (match[1] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-')
    const sha256 = [...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hex]) => hex ?? '')
    found.set(name, { name, version: match[2] ?? '', sha256 })
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
