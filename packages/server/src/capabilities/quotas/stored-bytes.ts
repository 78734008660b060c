import type { Kernel } from '../../kernel/kernel.ts'

/** How much projects keep: measured now and then, and in between with what was uploaded since. */
export interface StoredBytes {
  /** What is known; undefined when it has to be measured first. */
  known(project: string): number | undefined
  measure(project: string): Promise<number>
  add(project: string, bytes: number): void
}

const module = new URL(`./stored-bytes-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const freshMs = 60_000
const mostProjects = 5000

export function createStoredBytes({ db }: Pick<Kernel, 'db'>): StoredBytes {
  const known = new Map<string, { bytes: number; at: number }>()
  const measuring = new Map<string, Promise<number>>()
  const measure = async (project: string): Promise<number> => {
    const found = await db.offload({ module, name: 'storedBytes', input: { project } })
    const bytes = JSON.parse(Buffer.from(found).toString()) as number
    if (known.size >= mostProjects) known.clear()
    known.set(project, { bytes, at: performance.now() })
    return bytes
  }
  return {
    known: (project) => {
      const one = known.get(project)
      return one && performance.now() - one.at < freshMs ? one.bytes : undefined
    },
    measure: (project) => {
      let one = measuring.get(project)
      if (!one) {
        one = measure(project).finally(() => measuring.delete(project))
        measuring.set(project, one)
      }
      return one
    },
    add: (project, bytes) => {
      const one = known.get(project)
      if (one) one.bytes += bytes
    },
  }
}
