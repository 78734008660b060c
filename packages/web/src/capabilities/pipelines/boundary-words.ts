import type { StepBoundary } from '@trivium/contract'

const labels: Readonly<Record<string, string>> = {
  files: 'Files',
  calls: 'System calls',
  signals: 'Signals',
  identity: 'User',
}

/** A layer as a fact: what it keeps in, and by what. */
export function layerFact({ name, active, found }: StepBoundary['layers'][number]): { label: string; value: string } {
  const value = name === 'identity' ? (active ? 'its own for the project' : "the server's") : active ? found : 'open'
  return { label: labels[name] ?? name, value }
}

/** What a step may use together: `8 GB memory, 20 GB disk, 256 processes`. */
export function limitsFact(
  { memoryBytes, diskBytes, processes, cpus }: StepBoundary['limits'],
  bytes: (amount: number) => string,
): string {
  return [
    memoryBytes === null ? '' : `${bytes(memoryBytes)} memory`,
    diskBytes === null ? '' : `${bytes(diskBytes)} disk`,
    processes === null ? '' : `${processes.toLocaleString('en-GB')} processes`,
    cpus === null ? '' : `${cpus} ${cpus === 1 ? 'processor' : 'processors'}`,
  ]
    .filter(Boolean)
    .join(', ')
}
